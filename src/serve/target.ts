/** Bytes that a request target may have. */
const MAX_TARGET = 8192;

/**
 * The path of a request: decoded names, and whether it ended in a slash. `query` is raw, without the question
 * mark.
 */
export interface Target {
  readonly segments: readonly string[];
  readonly folder: boolean;
  readonly query: string;
}

/**
 * Reads a request target (RFC 9112 3.2), given as Node has it: one character a byte. Each segment is
 * percent-decoded exactly once; `//` and `/./` are collapsed. Gives the status of the refusal: 414 for one
 * that is too long; 400 for a bad escape, a control character, text that is not UTF-8, or `..`; 404 for an
 * escaped slash or a backslash, which no entry has in its name.
 */
export function parseTarget(raw: string): Target | 400 | 404 | 414 {
  if (raw.length > MAX_TARGET) return 414;
  const local = raw.replace(/^https?:\/\/[^/?#]*/i, "");
  const cut = local.search(/[?#]/);
  const path = cut < 0 ? local : local.slice(0, cut);
  const query = local[cut] === "?" ? local.slice(cut + 1) : "";
  if (path === "" && local !== raw) return { segments: [], folder: true, query };
  if (!path.startsWith("/")) return 400;
  const segments: string[] = [];
  let folder = true;
  for (const part of path.slice(1).split("/")) {
    const segment = decodeSegment(part);
    if (typeof segment === "number") return segment;
    folder = segment === "" || segment === ".";
    if (!folder) segments.push(segment);
  }
  return { segments, folder, query };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeSegment(raw: string): string | 400 | 404 {
  if (/%(?![0-9a-fA-F]{2})|[^\u0000-\u00ff]/.test(raw)) return 400;
  const bytes = raw.replaceAll(/%(..)/g, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  let text: string;
  try {
    text = utf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return 400;
  }
  if (text === ".." || /[\u0000-\u001f\u007f-\u009f]/.test(text)) return 400;
  return /[/\\]/.test(text) ? 404 : text;
}
