import { isDigest, type Digests } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath, encodePath } from "../../base/path.ts";
import { stanzas } from "../../formats/deb822.ts";

/** One stanza of a Packages index, checked. */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly source: string | undefined;
  /** As it stands; may be empty. */
  readonly section: string;
  /** Relative to the base of the repository. */
  readonly path: string;
  /** As the upstream writes it, as a URL. */
  readonly from: string;
  readonly size: number;
  /** Strong ones only, at least one. */
  readonly digests: Digests;
}

const FIELDS = new Set([
  "package",
  "version",
  "architecture",
  "source",
  "section",
  "filename",
  "size",
  "sha256",
  "sha512",
]);

/** Reads a Packages index, decompressed, some records at a time. Throws `metadata_invalid`, `weak_digest`, `path_refused`; `what` names the index. */
export async function* readPackages(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<readonly PackageRecord[]> {
  for await (const batch of stanzas(source, what, FIELDS)) {
    yield batch.map((fields) => readPackage(fields, what));
  }
}

function readPackage(fields: ReadonlyMap<string, string>, what: string): PackageRecord {
  // The value may begin on the line below its name.
  const get = (field: string): string => (fields.get(field) ?? "").trim();
  const name = checkedName(get("package"), what);
  const version = checkedVersion(get("version"), name, what);
  const arch = get("architecture");
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/.test(arch)) fail(what, `'${name}' with the architecture '${arch}'`);
  const filename = get("filename");
  if (filename === "") fail(what, `'${name}' without a Filename`);
  const size = Number(get("size"));
  if (!/^\d{1,15}$/.test(get("size")) || size === 0) fail(what, `'${name}' with the size '${get("size")}'`);
  const path = checkPath(foldSlashes(filename), what);
  const from = encodePath(filename.replace(/^\.\//, ""));
  return {
    name,
    version,
    arch,
    source: /^\S+/.exec(get("source"))?.[0],
    section: get("section"),
    path,
    // One text for both, where they are alike: there are many.
    from: from === path ? path : from,
    size,
    digests: readDigests(get, name, what),
  };
}

/** The name of a package; throws `metadata_invalid` where it is none. */
export function checkedName(name: string, what: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9+._~-]{0,200}$/.test(name)) fail(what, `a package named '${name}'`);
  return name;
}

/** Its version, as loosely as vendors write it; throws `metadata_invalid`. */
export function checkedVersion(version: string, name: string, what: string): string {
  if (!/^[A-Za-z0-9.+:~_^@=%-]{1,200}$/.test(version)) fail(what, `'${name}' with the version '${version}'`);
  return version;
}

// Clients fold slashes that follow one another, and some vendors write them; a URL has no place here.
function foldSlashes(filename: string): string {
  return filename.includes("://") ? filename : filename.replaceAll(/\/{2,}/g, "/");
}

function readDigests(get: (field: string) => string, name: string, what: string): Digests {
  const digests: { sha256?: string; sha512?: string } = {};
  for (const algorithm of ["sha512", "sha256"] as const) {
    const hex = get(algorithm).toLowerCase();
    if (hex === "") continue;
    if (!isDigest(algorithm, hex)) fail(what, `'${name}' with a ${algorithm} that is none`);
    digests[algorithm] = hex;
  }
  if (digests.sha256 === undefined && digests.sha512 === undefined) {
    throw new SluiceError(
      "weak_digest",
      `${what} vouches for the package '${name}' by MD5 or SHA-1 only, or not at all: it is refused; ask the vendor for SHA-256.`,
    );
  }
  return digests;
}

function fail(what: string, found: string): never {
  throw new SluiceError("metadata_invalid", `${what} lists ${found.slice(0, 300)}.`);
}
