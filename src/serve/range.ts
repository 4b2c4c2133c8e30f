/** Bytes `start` to `end`, both inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** As many as librepo, which asks for zchunk files this way, puts into one request. */
export const MAX_RANGES = 256;

/**
 * What a Range header (RFC 9110 14.2) asks of a file of `size` bytes: one part or more, in the order they were
 * asked for; those that overlap or touch are one. Other units, a malformed header and more than MAX_RANGES ranges
 * are ignored, as the RFC allows: the whole file is sent. Of several ranges, those behind the end are left out.
 */
export function parseRanges(
  header: string | undefined,
  size: number,
): readonly ByteRange[] | "whole" | "unsatisfiable" {
  const set = /^bytes=(.*)$/is.exec(header?.trim() ?? "")?.[1];
  if (set === undefined) return "whole";
  const specs = set
    .split(",")
    .map((spec) => spec.trim())
    .filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > MAX_RANGES) return "whole";
  const found: ByteRange[] = [];
  let whole = false;
  for (const spec of specs) {
    const range = parseSpec(spec, size);
    if (range === "malformed") return "whole";
    if (range === "whole") whole = true;
    else if (range !== undefined) found.push(range);
  }
  if (whole) return "whole";
  return found.length === 0 ? "unsatisfiable" : coalesce(found);
}

/** Undefined: behind the end. "whole": the end of an empty file, which no Content-Range can say. */
function parseSpec(spec: string, size: number): ByteRange | "whole" | "malformed" | undefined {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  if (match === null || spec === "-") return "malformed";
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (Number(last) === 0) return undefined;
    return size === 0 ? "whole" : { start: Math.max(0, size - Number(last)), end: size - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "malformed";
  if (start >= size) return undefined;
  return { start, end: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}

// Each part then has bytes that no other has: an answer is never longer than the file and the heads of its parts.
function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const order = new Map<ByteRange, number>();
  const sorted = ranges.map((range, at) => ({ range, at })).toSorted((a, b) => a.range.start - b.range.start);
  let last: { range: ByteRange; at: number } | undefined;
  for (const next of sorted) {
    if (last !== undefined && next.range.start <= last.range.end + 1) {
      const end = Math.max(last.range.end, next.range.end);
      last = { range: { start: last.range.start, end }, at: Math.min(last.at, next.at) };
      continue;
    }
    if (last !== undefined) order.set(last.range, last.at);
    last = next;
  }
  if (last !== undefined) order.set(last.range, last.at);
  return [...order].toSorted(([, a], [, b]) => a - b).map(([range]) => range);
}
