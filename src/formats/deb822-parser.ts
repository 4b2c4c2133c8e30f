import { SluiceError } from "../base/errors.ts";

export type Stanza = Map<string, string>;

const MAX_LINE = 1024 * 1024;
const MAX_STANZA = 8 * 1024 * 1024;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const TAB = 9;
const HASH = 35;

export interface StanzaParser {
  /**
   * Takes whole lines (the last byte is a newline, or the text ends here); gives the stanzas that ended in
   * them.
   */
  push(bytes: Buffer): Stanza[];
  /** The stanza that the end of the text ends. */
  end(): Stanza[];
}

/**
 * A parser of deb822 (deb822(5), Debian Policy 5.1) that is fed whole lines. As apt does, only an empty line
 * ends a stanza: one of blanks continues the field before it. `keep` gives a field's lower-case name, or
 * undefined where it is not wanted. `onRepeat` is told of a field that stands in one stanza again; the last
 * one counts, as for apt.
 */
export function stanzaParser(
  what: string,
  keep: KeepField,
  onRepeat: (name: string, line: number) => void = () => undefined,
): StanzaParser {
  let stanza: Stanza = new Map();
  let open = false;
  let size = 0;
  let line = 0;
  // The kept field that continuation lines belong to.
  let name: string | undefined;
  let value = "";

  const fail = (fault: string): never => {
    throw new SluiceError("metadata_invalid", `${what}, line ${line}, ${fault}: it is not valid deb822.`);
  };
  const closeField = (): void => {
    if (name !== undefined) stanza.set(name, value);
    name = undefined;
  };
  const closeStanza = (done: Stanza[]): void => {
    closeField();
    if (open) done.push(stanza);
    stanza = new Map();
    open = false;
    size = 0;
  };

  return {
    push(bytes) {
      const done: Stanza[] = [];
      // One character a byte: positions in the text are positions in the bytes, and searching it is fast.
      const text = bytes.toString("latin1");
      const length = text.length;
      let start = 0;
      while (start < length) {
        line++;
        const newline = text.indexOf("\n", start);
        const next = newline < 0 ? length : newline + 1;
        let end = newline < 0 ? length : newline;
        if (end - start > MAX_LINE) fail("is longer than 1 MiB");
        size += next - start;
        if (size > MAX_STANZA) fail("belongs to a stanza of more than 8 MiB");
        while (end > start && text.charCodeAt(end - 1) === RETURN) end--;
        const first = text.charCodeAt(start);
        if (end === start) closeStanza(done);
        else if (first === SPACE || first === TAB) {
          if (!open) fail("continues a field that is not there");
          if (name !== undefined) value += `\n${trimmed(bytes, start, end)}`;
        } else if (first !== HASH) {
          closeField();
          open = true;
          const colon = text.indexOf(":", start);
          if (colon < 0 || colon >= end) fail("has no colon");
          if (colon === start) fail("has no field name");
          name = keep(text, start, colon);
          if (name !== undefined) {
            if (stanza.has(name)) onRepeat(name, line);
            value = trimmed(bytes, colon + 1, end);
          }
        }
        start = next;
      }
      return done;
    },
    end() {
      const done: Stanza[] = [];
      closeStanza(done);
      return done;
    },
  };
}

/** The field whose name stands in `text` from `start` to `colon`, in lower case; undefined: not wanted. */
export type KeepField = (text: string, start: number, colon: number) => string | undefined;

export const keepAll: KeepField = (text, start, colon) => fieldName(text, start, colon);

/**
 * Keeps the fields of the set; most lines are told apart by length and first letter, without making a string.
 */
export function keepOnly(fields: ReadonlySet<string>): KeepField {
  const byShape = new Map<number, string[]>();
  for (const field of fields) {
    const shape = field.length * 256 + (field.charCodeAt(0) | 32);
    byShape.set(shape, [...(byShape.get(shape) ?? []), field]);
  }
  return (text, start, colon) => {
    const last = text.charCodeAt(colon - 1);
    const end = last === SPACE || last === TAB ? trimEnd(text, start, colon) : colon;
    const candidates = byShape.get((end - start) * 256 + (text.charCodeAt(start) | 32));
    if (candidates === undefined) return undefined;
    const name = text.slice(start, end).toLowerCase();
    return candidates.find((candidate) => candidate === name);
  };
}

function fieldName(text: string, start: number, colon: number): string {
  return text.slice(start, trimEnd(text, start, colon)).toLowerCase();
}

function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && (text.charCodeAt(at - 1) === SPACE || text.charCodeAt(at - 1) === TAB)) at--;
  return at;
}

// Decoded from the bytes, so that the string is a copy of its own and does not keep the whole chunk alive.
function trimmed(bytes: Buffer, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return bytes.toString("utf8", start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN || byte === NEWLINE;
}
