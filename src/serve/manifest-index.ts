import { SluiceError } from "../base/errors.ts";
import { parseManifest, type ManifestEntry } from "../snapshot/manifest.ts";
import { startPause } from "./pause.ts";
import { TwoGenerations } from "./two-generations.ts";

const HEADER = Buffer.from('{"format":1}\n');
const LINE_START = Buffer.from('{"path":"');
const QUOTE = 0x22;
const SLASH = 0x2f;
const BEHIND = Buffer.from("0");
const BACKSLASH = 0x5c;
/** A look at the clock after so many lines, less one: a mask. */
const SLICE = 0xff;
/** Entries kept parsed, some hundred bytes each. */
const RECENT = 2048;

/** A name in a folder of a snapshot: a file with its entry, or a folder. */
export interface Child {
  readonly name: string;
  readonly entry: ManifestEntry | undefined;
}

/**
 * A manifest kept as its bytes and the places of its lines, searched by halving: an entry costs its line and
 * eight bytes, and nothing is parsed before it is asked for. A repository of a million files is held this way
 * without a million objects.
 */
export class ManifestIndex {
  readonly #bytes: Buffer;
  readonly #what: string;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  // Paths that JSON had to escape, decoded: their bytes in the line would sort differently.
  readonly #escaped = new Map<number, Buffer>();
  // Entries that were asked for lately, so that a hot path is parsed once.
  readonly #recent = new TwoGenerations<ManifestEntry>(RECENT);

  private constructor(bytes: Buffer, what: string, count: number) {
    this.#bytes = bytes;
    this.#what = what;
    this.#starts = new Uint32Array(count);
    this.#ends = new Uint32Array(count);
  }

  /**
   * `bytes` are those of a whole manifest, `what` names the snapshot. Gives way to other work every few
   * milliseconds. Throws manifest_invalid where lines are not entries in strict order.
   */
  static async build(bytes: Buffer, what: string): Promise<ManifestIndex> {
    if (!startsWith(bytes, HEADER) || bytes.at(-1) !== 10 || bytes.length > 0xffff_ffff) throw invalid(what);
    const pause = startPause();
    let count = 0;
    for (let at = HEADER.length; at < bytes.length; at = bytes.indexOf(10, at) + 1) {
      if ((++count & SLICE) === 0) await pause();
    }
    const index = new ManifestIndex(bytes, what, count);
    let start = HEADER.length;
    for (let at = 0; at < count; at++) {
      index.#addLine(at, start);
      start = bytes.indexOf(10, start) + 1;
      if ((at & SLICE) === 0) await pause();
    }
    return index;
  }

  #addLine(at: number, start: number): void {
    if (!startsWith(this.#bytes.subarray(start, start + LINE_START.length), LINE_START)) {
      throw invalid(this.#what);
    }
    this.#starts[at] = start + LINE_START.length;
    this.#ends[at] = this.#pathEnd(at);
    if (at > 0 && Buffer.compare(this.#path(at - 1), this.#path(at)) >= 0) throw invalid(this.#what);
  }

  /**
   * The entries that a newer manifest has no file for, without roots: what a channel that moved there goes on
   * serving of this one. Gives way to other work as `build` does.
   */
  async without(newer: ManifestIndex): Promise<ManifestIndex> {
    const pause = startPause();
    const kept: Buffer[] = [HEADER];
    let other = 0;
    for (let at = 0; at < this.#starts.length; at++) {
      if ((at & SLICE) === 0) await pause();
      const path = this.#path(at);
      while (other < newer.#starts.length && Buffer.compare(newer.#path(other), path) < 0) other++;
      if (other < newer.#starts.length && newer.#path(other).equals(path)) continue;
      if (this.#entry(at)?.kind !== "root") kept.push(this.#line(at));
    }
    return ManifestIndex.build(Buffer.concat(kept), this.#what);
  }

  /** Bytes of memory that it holds. */
  get weight(): number {
    return this.#bytes.length + 8 * this.#starts.length;
  }

  find(path: string): ManifestEntry | undefined {
    const recent = this.#recent.get(path);
    if (recent !== undefined) return recent;
    const wanted = Buffer.from(path);
    const at = this.#lowerBound(wanted);
    if (at >= this.#starts.length || !this.#path(at).equals(wanted)) return undefined;
    const entry = this.#entry(at);
    if (entry !== undefined) this.#recent.set(path, entry);
    return entry;
  }

  /** True where some file lies below the folder; "" is the top. */
  hasFolder(folder: string): boolean {
    const prefix = prefixOf(folder);
    const at = this.#lowerBound(prefix);
    return at < this.#starts.length && startsWith(this.#path(at), prefix);
  }

  /** Names in a folder, sorted by bytes, folders first. */
  *children(folder: string): Generator<Child> {
    const prefix = prefixOf(folder);
    for (const wanted of ["folders", "files"]) {
      let at = this.#lowerBound(prefix);
      while (at < this.#starts.length && startsWith(this.#path(at), prefix)) {
        const rest = this.#path(at).subarray(prefix.length);
        const slash = rest.indexOf(SLASH);
        const name = rest.toString("utf8", 0, slash < 0 ? rest.length : slash);
        if (slash >= 0 === (wanted === "folders")) {
          yield { name, entry: slash < 0 ? this.#entry(at) : undefined };
        }
        // "0" is the byte after "/": the first path that is behind everything in the folder.
        at = slash < 0 ? at + 1 : this.#lowerBound(Buffer.concat([prefix, rest.subarray(0, slash), BEHIND]));
      }
    }
  }

  #entry(at: number): ManifestEntry | undefined {
    return parseManifest(Buffer.concat([HEADER, this.#line(at)]), this.#what)[0];
  }

  #line(at: number): Buffer {
    const start = (this.#starts[at] ?? 0) - LINE_START.length;
    return this.#bytes.subarray(start, this.#bytes.indexOf(10, start) + 1);
  }

  #path(at: number): Buffer {
    return this.#escaped.get(at) ?? this.#bytes.subarray(this.#starts[at], this.#ends[at]);
  }

  #pathEnd(at: number): number {
    const start = this.#starts[at] ?? 0;
    let end = this.#bytes.indexOf(QUOTE, start);
    while (end > 0 && this.#bytes[end - 1] === BACKSLASH) end = this.#bytes.indexOf(QUOTE, end + 1);
    if (end < 0) throw invalid(this.#what);
    const raw = this.#bytes.subarray(start, end);
    if (raw.includes(BACKSLASH)) this.#escaped.set(at, Buffer.from(unescape(raw, this.#what)));
    return end;
  }

  #lowerBound(wanted: Buffer): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.#path(middle), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function unescape(raw: Buffer, what: string): string {
  try {
    return JSON.parse(`"${raw.toString()}"`) as string;
  } catch {
    throw invalid(what);
  }
}

function prefixOf(folder: string): Buffer {
  return Buffer.from(folder === "" ? "" : `${folder}/`);
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

function invalid(what: string): SluiceError {
  return new SluiceError(
    "manifest_invalid",
    `The manifest of ${what} is not a row of entries in order: run \`sluice verify\`.`,
  );
}
