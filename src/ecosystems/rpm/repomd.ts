import type { Digests } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath } from "../../base/path.ts";
import { readXml, type XmlVisitor } from "../../formats/xml.ts";
import { readChecksum, readSize } from "./checksums.ts";

/** A file of repodata, as repomd.xml lists it. */
export interface RepoData {
  readonly type: string;
  /** Relative to the repository's folder. */
  readonly href: string;
  readonly digests: Digests;
  readonly size: number | undefined;
  /** Of the content, where the file is compressed and repomd.xml says so. */
  readonly open: { readonly digests: Digests | undefined; readonly size: number | undefined };
  /** Ms since 1970. */
  readonly timestamp: number | undefined;
}

export interface Repomd {
  readonly revision: string | undefined;
  readonly data: readonly RepoData[];
  /** What the repository says it is of: `<tags><distro>`. */
  readonly distros: readonly string[];
}

/** More than any repository has. */
const MAX_DATA = 1000;

type Fields = Map<string, { readonly attributes: Readonly<Record<string, string>>; readonly text: string }>;

/** Reads repomd.xml, whose bytes are proven already or need no proof. Throws `metadata_invalid`, `weak_digest`, `path_refused`; `what` names it. */
export async function parseRepomd(bytes: Uint8Array, what: string): Promise<Repomd> {
  let revision: string | undefined;
  const distros: string[] = [];
  const raw: { type: string; fields: Fields }[] = [];
  const source = (async function* () {
    yield bytes;
  })();
  let attributes: Readonly<Record<string, string>> = {};
  let root: string | undefined;
  const visitor: XmlVisitor = {
    open(path, found) {
      root ??= path[0];
      attributes = found;
      if (path.length === 2 && path[1] === "data") raw.push({ type: found["type"] ?? "", fields: new Map() });
      if (raw.length > MAX_DATA) throw invalid(what, `lists more than ${MAX_DATA} files`);
    },
    close(path, text) {
      if (path.length === 2 && path[1] === "revision") revision = text.trim();
      if (path.length === 3 && path[1] === "tags" && path[2] === "distro") distros.push(text.trim());
      if (path.length === 3 && path[1] === "data")
        raw.at(-1)?.fields.set(path[2] ?? "", { attributes, text });
    },
  };
  for await (const _ of readXml(source, what, () => visitor));
  if (root !== "repomd") throw invalid(what, `is a '${(root ?? "").slice(0, 40)}', not a list of metadata`);
  const data = raw.map(({ type, fields }) => dataOf(type, fields, what));
  return { revision, data, distros };
}

function dataOf(type: string, fields: Fields, what: string): RepoData {
  const name = `the file '${type.slice(0, 60)}' of ${what}`;
  const location = fields.get("location")?.attributes;
  const href = location?.["href"];
  if (href === undefined) throw invalid(what, `names no location of its '${type.slice(0, 60)}'`);
  if (location?.["xml:base"] !== undefined) throw elsewhere(href, what);
  const checksum = fields.get("checksum");
  if (checksum === undefined) {
    throw new SluiceError("weak_digest", `Nothing vouches for ${name}, which has no checksum: refused.`);
  }
  const openChecksum = fields.get("open-checksum");
  const number = (field: string): number | undefined => {
    const text = fields.get(field)?.text;
    return text === undefined ? undefined : readSize(text, name);
  };
  const seconds = Number(fields.get("timestamp")?.text.trim() || Number.NaN);
  return {
    type,
    href: checkPath(href, what),
    digests: readChecksum(checksum.attributes["type"] ?? "", checksum.text, name),
    size: number("size"),
    open: {
      digests:
        openChecksum &&
        readChecksum(openChecksum.attributes["type"] ?? "", openChecksum.text, `the open ${name}`),
      size: number("open-size"),
    },
    timestamp: seconds > 0 && seconds < 1e11 ? Math.floor(seconds * 1000) : undefined,
  };
}

/** Clients would go past the mirror to get it. */
export function elsewhere(href: string, where: string): SluiceError {
  return new SluiceError(
    "path_refused",
    `${where} says that '${href.slice(0, 200)}' lies at another place (xml:base), where clients would go past this mirror: refused; mirror that place itself.`,
  );
}

function invalid(what: string, fault: string): SluiceError {
  return new SluiceError("metadata_invalid", `${what} ${fault}: report it to the vendor.`);
}
