import type { Ecosystem } from "../contract.ts";
import { client } from "./client.ts";
import { fromHost } from "./from-host.ts";
import { movingBack } from "./moving-back.ts";
import { aptOptions, checkAptOptions, type AptOptions } from "./options.ts";
import { RENAMING } from "./renaming.ts";
import { repository } from "./repository.ts";
import { remarks } from "./remarks.ts";
import { compareVersions } from "./version.ts";
import { enumerate } from "./walk.ts";

/** Debian, Ubuntu, and all that apt can read: below `dists/`, or flat. */
export const apt: Ecosystem<AptOptions> = {
  id: "apt",
  options: aptOptions,
  repository,
  checkOptions: checkAptOptions,
  enumerate,
  client,
  remarks,
  compareVersions,
  movingBack,
  renaming: RENAMING,
  fromHost,
};
