import type { CommonOptions } from "../contract.ts";

/** What a filter does to hosts, said where it is configured: the signed indices go on listing what it leaves out. */
export function remarks({ mode, skip, only }: CommonOptions): string[] {
  if (mode !== "sparse" || (skip === undefined && only === undefined)) return [];
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
