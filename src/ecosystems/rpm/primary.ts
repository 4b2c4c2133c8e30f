import type { Digests } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath } from "../../base/path.ts";
import { readXml, type XmlVisitor } from "../../formats/xml.ts";
import type { Upstream } from "../../upstream/contract.ts";
import { readChecksum, readSize } from "./checksums.ts";
import { contentOf, dataEntry, dataOf } from "./metadata.ts";
import { elsewhere } from "./repomd.ts";
import type { Repository } from "./repositories.ts";
import { evr } from "./version.ts";

/** A package as primary.xml lists it. */
export interface PackageRecord {
  readonly name: string;
  /** `epoch:version-release`, without an epoch of 0. */
  readonly version: string;
  readonly arch: string;
  /** As rpm calls it: `Applications/Games`; often empty or `Unspecified`. */
  readonly group: string;
  /** Relative to the repository's folder. */
  readonly href: string;
  readonly digests: Digests;
  readonly size: number;
}

/** The packages that a repository lists, some at a time, selected or not. */
export async function* packagesOf(
  upstream: Upstream,
  repository: Repository,
): AsyncGenerator<readonly PackageRecord[]> {
  const primary = dataOf(repository, "primary");
  const content = await contentOf(upstream, repository, primary);
  yield* readPrimary(content, dataEntry(repository, primary).path);
}

interface Draft {
  name?: string;
  arch?: string;
  version?: Readonly<Record<string, string>>;
  checksum?: { type: string; text: string };
  size?: string;
  location?: Readonly<Record<string, string>>;
  group: string;
}

/** The packages of primary.xml (https://createrepo.baseurl.org/), some at a time, read as they come in. Throws `metadata_invalid`, `weak_digest`, `path_refused`. */
export function readPrimary(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<readonly PackageRecord[]> {
  return readXml<PackageRecord>(source, what, (emit) => visitor(emit, what));
}

function visitor(emit: (record: PackageRecord) => void, what: string): XmlVisitor {
  let draft: Draft | undefined;
  let checksumType = "";
  return {
    open(path, attributes) {
      if (path.length === 1 && path[0] !== "metadata")
        throw new SluiceError("metadata_invalid", `${what} is no list of packages: report it to the vendor.`);
      if (path.length === 2 && path[1] === "package") draft = { group: "" };
      if (path.length !== 3 || draft === undefined) return;
      if (path[2] === "version") draft.version = attributes;
      else if (path[2] === "size") draft.size = attributes["package"] ?? "";
      else if (path[2] === "location") draft.location = attributes;
      else if (path[2] === "checksum") checksumType = attributes["type"] ?? "";
    },
    close(path, text) {
      if (draft === undefined) return;
      if (path.length === 2) {
        emit(recordOf(draft, what));
        draft = undefined;
      } else if (path.length === 3) {
        if (path[2] === "name") draft.name = text.trim();
        else if (path[2] === "arch") draft.arch = text.trim();
        else if (path[2] === "checksum") draft.checksum = { type: checksumType, text };
      } else if (path.length === 4 && path[3] === "rpm:group") draft.group = text.trim();
    },
  };
}

function recordOf(draft: Draft, what: string): PackageRecord {
  const { name, arch, version, checksum, size, location, group } = draft;
  const href = location?.["href"];
  const whose = `'${(name ?? href ?? "?").slice(0, 100)}' in ${what}`;
  if (!isWord(name) || !isWord(arch) || version === undefined || href === undefined) {
    throw new SluiceError(
      "metadata_invalid",
      `The package ${whose} has no name, architecture, version or location that can be read: report it to the vendor.`,
    );
  }
  if (location?.["xml:base"] !== undefined) throw elsewhere(href, what);
  return {
    name: detached(name),
    version: detached(versionOf(version, whose)),
    arch: detached(arch),
    group: detached(group),
    href: detached(checkPath(href, what)),
    digests: readChecksum(checksum?.type ?? "", detached(checksum?.text ?? ""), whose),
    size: readSize(size ?? "", whose),
  };
}

// A piece of a string holds on to the whole: a hundred thousand names, to the whole file.
function detached(text: string): string {
  return Buffer.from(text).toString();
}

function versionOf(attributes: Readonly<Record<string, string>>, whose: string): string {
  const { epoch = "0", ver, rel } = attributes;
  if (/^\d{1,10}$/.test(epoch) && isWord(ver) && isWord(rel)) return evr(epoch, ver, rel);
  throw new SluiceError(
    "metadata_invalid",
    `The version of the package ${whose} cannot be read: report it to the vendor.`,
  );
}

// What a name, version or architecture may be made of is in no specification; blanks, controls and slashes are in none.
function isWord(text: string | undefined): text is string {
  return text !== undefined && /^[^\s\u0000-\u0020\u007f-\u009f/\\]{1,255}$/.test(text);
}
