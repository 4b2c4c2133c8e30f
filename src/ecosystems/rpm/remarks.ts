import type { CommonOptions } from "../contract.ts";
import type { RpmOptions } from "./options.ts";

/** What these options do to hosts, said where they are configured. */
export function remarks(options: RpmOptions & CommonOptions): string[] {
  const { mode, skip, only, architectures, newest, gpgcheck } = options;
  const unchecked = gpgcheck
    ? []
    : [
        "`gpgcheck: false` takes packages without looking at their own signatures, and sets hosts up to do so too.",
      ];
  if (mode !== "sparse") return unchecked;
  if ([skip, only, architectures, newest].every((key) => key === undefined))
    return [
      ...unchecked,
      "`mode: sparse` leaves nothing out without `skip`, `only`, `architectures` or `newest`: say which packages, or take the mode away.",
    ];
  return [
    ...unchecked,
    "The signed metadata go on listing what is left out: `sluice client` gives dnf an `excludepkgs` that keeps it from asking; zypper has none by repository, and answers with an error where it would take one.",
  ];
}
