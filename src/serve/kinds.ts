import type { ManifestEntry } from "../snapshot/manifest.ts";

const TEXT = "text/plain; charset=utf-8";
const BINARY = "application/octet-stream";
const DEB = "application/vnd.debian.binary-package";

// No text/html and no script: what a vendor ships is never a page of this host.
const TYPES: Readonly<Record<string, string>> = {
  asc: TEXT,
  bz2: "application/x-bzip2",
  ddeb: DEB,
  deb: DEB,
  dsc: TEXT,
  gpg: "application/pgp-signature",
  gz: "application/gzip",
  iso: "application/x-iso9660-image",
  json: "application/json",
  lz4: "application/x-lz4",
  lzma: "application/x-lzma",
  rpm: "application/x-rpm",
  sig: "application/pgp-signature",
  tar: "application/x-tar",
  txt: TEXT,
  udeb: DEB,
  xml: "application/xml",
  xz: "application/x-xz",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
  zst: "application/zstd",
};

const TEXT_NAMES =
  /^(?:InRelease|Release|Packages|Sources|Index|(?:Contents|Translation|Commands)-[^.]*|README|[A-Z0-9]+SUMS)$/;

/** Content-Type by the name of the file. */
export function contentType(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  if (dot < 0) return TEXT_NAMES.test(name) ? TEXT : BINARY;
  const extension = name.slice(dot + 1).toLowerCase();
  return Object.hasOwn(TYPES, extension) ? (TYPES[extension] ?? BINARY) : BINARY;
}

/**
 * True where the path names the content: a segment of it is the file's SHA-256, or a SHA-512 (which the
 * adapter has proven).
 */
export function namesContent(entry: ManifestEntry): boolean {
  return entry.path.split("/").some((part) => part === entry.sha256 || /^[0-9a-f]{128}$/.test(part));
}

/**
 * Cache-Control of a file; `fixed` says that the URL can never mean anything else, as under a snapshot's own
 * id.
 */
export function cacheControl(entry: ManifestEntry, fixed: boolean): string {
  if (fixed || (entry.kind !== "root" && namesContent(entry))) return "public, max-age=31536000, immutable";
  return entry.kind === "package" ? "public, max-age=86400" : "no-cache";
}
