import type { Ecosystem } from "../contract.ts";
import { check } from "./check.ts";
import { client } from "./client.ts";
import { checkRpmOptions, rpmOptions, type RpmOptions } from "./options.ts";
import { remarks } from "./remarks.ts";
import { advisories } from "./updateinfo.ts";
import { compareVersions } from "./version.ts";
import { enumerate } from "./walk.ts";

/** All that dnf and zypper can read as repodata (rpm-md). */
export const rpm: Ecosystem<RpmOptions> = {
  id: "rpm",
  options: rpmOptions,
  checkOptions: checkRpmOptions,
  packagesSigned: true,
  enumerate,
  check,
  client,
  remarks,
  compareVersions,
  advisories,
};
