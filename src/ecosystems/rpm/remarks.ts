import type { CommonOptions } from "../contract.ts";
import type { RpmOptions } from "./options.ts";

/** What these options do to hosts, said where they are configured. */
export function remarks({ mode, skip, only, gpgcheck }: RpmOptions & CommonOptions): string[] {
  const unchecked = gpgcheck
    ? []
    : [
        "`gpgcheck: false` takes packages without looking at their own signatures, and sets hosts up to do so too.",
      ];
  if (mode !== "sparse") return unchecked;
  if (skip === undefined && only === undefined)
    return [
      ...unchecked,
      "`mode: sparse` leaves nothing out without `skip` or `only`: say which packages, or take the mode away.",
    ];
  return [
    ...unchecked,
    "The signed metadata go on listing what is left out: `sluice client` gives dnf an `excludepkgs` that keeps it from asking; zypper has none by repository, and answers with an error where it would take one.",
  ];
}
