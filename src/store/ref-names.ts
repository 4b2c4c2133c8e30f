import { SluiceError } from "../base/errors.ts";

const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;
const VERSION_FILE = /^([1-9]\d{0,14})\.json$/;

/** Segments of `[A-Za-z0-9._-]`, joined by `/`; none of dots only, none shaped like the file of a version. */
export function isRefName(name: string): boolean {
  return name.split("/").every(isRefSegment);
}

export function isRefSegment(segment: string): boolean {
  return SEGMENT.test(segment) && !/^\.+$/.test(segment) && !/^\d+\.json$/.test(segment);
}

export function checkRefName(name: string): string {
  if (isRefName(name)) return name;
  throw new SluiceError(
    "bad_name",
    `'${name.slice(0, 300)}' cannot be the name of a record: use letters, digits, dot, dash and underscore between slashes.`,
  );
}

export function isVersion(version: number): boolean {
  return Number.isSafeInteger(version) && version >= 1 && version < 1e15;
}

export function checkVersion(name: string, version: number): number {
  if (isVersion(version)) return version;
  throw new SluiceError("internal", `${version} is no version number for the record ${name}.`);
}

/** The number that a file of a ref's folder stands for, undefined where it is no version. */
export function versionOfFile(file: string): number | undefined {
  const match = VERSION_FILE.exec(file);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Names of locks follow the grammar of refs. */
export function checkLockName(name: string): string {
  if (isRefName(name)) return name;
  throw new SluiceError("bad_name", `'${name.slice(0, 300)}' cannot be the name of a lock.`);
}

/** The sentence that a second comer reads. */
export function lockedError(
  name: string,
  holder: { pid: number; who: string; since: string } | undefined,
): SluiceError {
  const by = holder === undefined ? "another process" : `pid ${holder.pid} (${holder.who})`;
  const since = holder === undefined ? "" : ` since ${holder.since.slice(0, 19).replace("T", " ")} UTC`;
  return new SluiceError(
    "locked",
    `The lock '${name}' is held by ${by}${since}: wait for it, or use '--wait'.`,
  );
}
