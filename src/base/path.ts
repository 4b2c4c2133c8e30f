import { SluiceError } from "./errors.ts";

/**
 * Holds a path from metadata to the grammar of entries: relative, `/` between non-empty segments, no `.` or `..` segment,
 * no control character, backslash or lone surrogate, segments of at most 255 bytes, 4096 in all. A leading `./` is dropped.
 * Throws `path_refused`; `where` names the file that the path stood in.
 */
export function checkPath(path: string, where: string): string {
  const plain = path.startsWith("./") ? path.slice(2) : path;
  const fault = pathFault(plain);
  if (fault !== undefined)
    throw new SluiceError("path_refused", `${where} names '${path.slice(0, 300)}', which ${fault}: refused.`);
  return plain;
}

/** Nearly every path: printable ASCII without backslash, no empty segment, short. */
const PLAIN = /^[!-.0-[\]-~]+(?:\/[!-.0-[\]-~]+)*$/;
const DOTS = /(?:^|\/)\.\.?(?:\/|$)/;

/** Why the path is not one that an entry may have, or undefined if it is fine. */
export function pathFault(path: string): string | undefined {
  if (path.length <= 255 && PLAIN.test(path) && !DOTS.test(path)) return undefined;
  if (path === "") return "is empty";
  if (path.startsWith("/")) return "is absolute";
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return "holds a control character";
  if (path.includes("\\")) return "holds a backslash";
  if (!path.isWellFormed()) return "is not valid text";
  if (Buffer.byteLength(path) > 4096) return "is longer than 4096 bytes";
  for (const segment of path.split("/")) {
    if (segment === "") return "holds an empty segment";
    if (segment === "." || segment === "..") return `holds a '${segment}' segment`;
    if (Buffer.byteLength(segment) > 255) return "holds a name of more than 255 bytes";
  }
  return undefined;
}

/** The path as a URL path: each segment percent-encoded, `+` and `~` too (some servers take a bare `+` for a space). */
export function encodePath(path: string): string {
  return path
    .split("/")
    .map((segment) => encodeURIComponent(segment).replaceAll("~", "%7E"))
    .join("/");
}
