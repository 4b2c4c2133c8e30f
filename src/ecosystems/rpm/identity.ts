import type { RpmHeader } from "../../formats/rpm.ts";
import type { PackageIdentity } from "../../upstream/contract.ts";
import { evr } from "./version.ts";

const NAME = 1000;
const VERSION = 1001;
const RELEASE = 1002;
const EPOCH = 1003;
const ARCH = 1022;
const SOURCE_RPM = 1044;

/** The package that a header says it is; `src` stands for the architecture of a source package, as in primary.xml. */
export function identityOf(header: RpmHeader): PackageIdentity {
  const text = (tag: number): string => header.get(tag)?.texts[0] ?? "";
  return {
    name: text(NAME),
    version: evr(header.get(EPOCH)?.numbers[0] ?? 0, text(VERSION), text(RELEASE)),
    arch: header.get(SOURCE_RPM) === undefined ? "src" : text(ARCH),
  };
}

/** `name-version.arch`, for people. */
export function nevra({ name, version, arch }: PackageIdentity): string {
  return `${name}-${version}.${arch}`;
}

/** True where both are the same package. */
export function isSame(listed: PackageIdentity, own: PackageIdentity): boolean {
  const arch = listed.arch === "nosrc" ? "src" : listed.arch;
  return listed.name === own.name && listed.version === own.version && arch === own.arch;
}
