import type { CommonOptions } from "../contract.ts";

/** What a filter does to hosts, said where it is configured: the signed indices go on listing what it leaves out. */
export function remarks({ mode, skip, only }: CommonOptions): string[] {
  if (mode !== "sparse") return [];
  if (skip === undefined && only === undefined)
    return [
      "`mode: sparse` leaves nothing out without `skip` or `only`: say which packages, or take the mode away.",
    ];
  const filter = [only && "`only`", skip && "`skip`"].filter((key) => key !== undefined).join(" and ");
  return [
    `${filter} leaves packages out that the signed indices go on listing: one of them as a candidate stops every upgrade of a host without pins; set hosts up by \`sluice client\`, whose pins keep apt from them and follow the channel.`,
    ...(only === undefined
      ? []
      : [
          "`only` keeps what it names, and does not add what that depends on: name it too, or hosts need another source for it.",
        ]),
  ];
}
