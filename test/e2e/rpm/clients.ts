import { dnfClient } from "../../clients/dnf.ts";
import type { RpmClient } from "../../clients/rpm-root.ts";
import { zypperClient } from "../../clients/zypper.ts";
import { needs } from "../../needs.ts";

/** The real clients, each with a root of its own. */
export const CLIENTS: readonly {
  readonly name: "dnf" | "zypper";
  readonly skip: string | false;
  readonly open: () => Promise<RpmClient>;
}[] = [
  { name: "dnf", skip: needs("dnf", "rpm"), open: dnfClient },
  { name: "zypper", skip: needs("zypper", "rpm"), open: zypperClient },
];
