import type { Ecosystem } from "../contract.ts";
import { client } from "./client.ts";
import { fromHost } from "./from-host.ts";
import { movingBack } from "./moving-back.ts";
import { aptOptions, checkAptOptions, type AptOptions } from "./options.ts";
import { RENAMING } from "./renaming.ts";
import { compareVersions } from "./version.ts";
import { enumerate } from "./walk.ts";

/** Debian, Ubuntu, and all that apt can read from `dists/`. */
export const apt: Ecosystem<AptOptions> = {
  id: "apt",
  options: aptOptions,
  checkOptions: checkAptOptions,
  enumerate,
  client,
  compareVersions,
  movingBack,
  renaming: RENAMING,
  fromHost,
};
