import { isName } from "../../base/names.ts";

// Parts of a host name or path that say nothing of whose repository it is.
const EMPTY_WORDS = new Set([
  "apt",
  "deb",
  "debs",
  "repo",
  "repos",
  "repository",
  "packages",
  "pkg",
  "pkgs",
  "linux",
  "download",
  "downloads",
  "archive",
  "www",
  "ftp",
  "dl",
]);

/** A name for the mirror of this URL, by what the URL says and its first suite, that is not taken yet. */
export function freeName(url: string, suite: string, taken: ReadonlySet<string>): string {
  const { hostname, pathname } = new URL(url);
  const folder = pathname.split("/").findLast((part) => part !== "") ?? "";
  // Of an address each part counts.
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  const host = isAddress ? [hostname] : hostname.split(".").slice(0, -1);
  const first = EMPTY_WORDS.has(folder.toLowerCase()) || folder === "" ? host : [folder];
  const parts = [...first.filter((part) => !EMPTY_WORDS.has(part)), suite].flatMap((part) =>
    part.toLowerCase().split(/[^a-z0-9._]+/),
  );
  const base = [...new Set(parts)]
    .join("-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 100);
  const usable = isName(base) && base !== "v2" ? base : "apt";
  for (let count = 1; ; count++) {
    const name = count === 1 ? usable : `${usable}-${count}`;
    if (!taken.has(name)) return name;
  }
}
