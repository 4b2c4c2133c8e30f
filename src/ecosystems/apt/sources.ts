import { isDigest, type Digests } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath } from "../../base/path.ts";
import { stanzas, type Stanza } from "../../formats/deb822.ts";
import { checkedName, checkedVersion } from "./packages.ts";

/** One file of a source package. */
export interface SourceFile {
  /** Relative to the base of the repository. */
  readonly path: string;
  readonly size: number;
  /** Strong ones only, at least one. */
  readonly digests: Digests;
}

/** One stanza of a Sources index (deb-src-control(5), dsc(5)), checked. */
export interface SourceRecord {
  readonly name: string;
  readonly version: string;
  /** As it stands; may be empty. */
  readonly section: string;
  readonly files: readonly SourceFile[];
}

const LISTS = [
  ["checksums-sha512", "sha512"],
  ["checksums-sha256", "sha256"],
] as const;

const FIELDS = new Set([
  "package",
  "version",
  "section",
  "directory",
  "files",
  ...LISTS.map(([name]) => name),
]);

/** Reads a Sources index, decompressed, some records at a time. Throws `metadata_invalid`, `weak_digest`, `path_refused`; `what` names the index. */
export async function* readSources(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<readonly SourceRecord[]> {
  for await (const batch of stanzas(source, what, FIELDS)) {
    yield batch.map((fields) => readSource(fields, what));
  }
}

function readSource(fields: Stanza, what: string): SourceRecord {
  const get = (field: string): string => (fields.get(field) ?? "").trim();
  const name = checkedName(get("package"), what);
  const version = checkedVersion(get("version"), name, what);
  const listed = new Map<string, { size: number; digests: { sha256?: string; sha512?: string } }>();
  for (const [field, algorithm] of LISTS) {
    for (const { hex, size, file } of lines(fields.get(field), name, what)) {
      if (!isDigest(algorithm, hex)) fail(what, `'${name}' with a ${algorithm} that is none`);
      const known = listed.get(file);
      if (known !== undefined && (known.size !== size || known.digests[algorithm] !== undefined))
        fail(what, `the file '${file}' of '${name}' twice`);
      listed.set(file, { size, digests: { ...known?.digests, [algorithm]: hex } });
    }
  }
  for (const { file } of lines(fields.get("files"), name, what)) {
    if (listed.has(file)) continue;
    throw new SluiceError(
      "weak_digest",
      `${what} vouches for '${file}' of the source package '${name}' by MD5 only: it is refused; ask the vendor for SHA-256.`,
    );
  }
  if (listed.size === 0) fail(what, `the source package '${name}' without files`);
  const directory = get("directory").replace(/\/+$/, "");
  const inPlace = directory === "" || directory === ".";
  return {
    name,
    version,
    section: get("section"),
    files: [...listed].map(([file, { size, digests }]) => ({
      path: checkPath(inPlace ? file : `${directory}/${file}`, what),
      size,
      digests,
    })),
  };
}

interface Line {
  readonly hex: string;
  readonly size: number;
  readonly file: string;
}

function lines(text: string | undefined, name: string, what: string): Line[] {
  return (text ?? "").split("\n").flatMap((raw) => {
    const line = raw.trim();
    if (line === "") return [];
    const [, hex = "", sizeText = "", file = ""] = /^(\S+)[ \t]+(\d{1,15})[ \t]+(\S+)$/.exec(line) ?? [];
    if (file === "") fail(what, `'${name}' with a line that is not digest, size and name: '${line}'`);
    if (file.includes("/"))
      throw new SluiceError(
        "path_refused",
        `${what} names '${file.slice(0, 300)}' of '${name}', which is a path and not a name: refused.`,
      );
    return [{ hex: hex.toLowerCase(), size: Number(sizeText), file }];
  });
}

function fail(what: string, found: string): never {
  throw new SluiceError("metadata_invalid", `${what} lists ${found.slice(0, 300)}.`);
}
