import { SluiceError } from "../base/errors.ts";
import { type Stanza, keepAll, keepOnly, stanzaParser } from "./deb822-parser.ts";

export type { Stanza } from "./deb822-parser.ts";

// More than the longest line allowed: a batch without a newline is refused by the parser.
const BATCH = 1024 * 1024 + 65536;
const NEWLINE = 10;

/**
 * The fields of a text that is one stanza, such as a Release file (deb822(5)): names in lower case; each line
 * of a value trimmed, the lines joined by "\n" (a list that starts below its name begins with "\n"). Lines
 * that begin with `#` are comments. Throws `metadata_invalid`, naming `what`: no stanza or more than one, a
 * line that is neither field nor continuation, a field given twice unless `onRepeat` is told of it: then the
 * last one counts, as for apt.
 */
export function parseStanza(
  text: string | Uint8Array,
  what = "The stanza",
  onRepeat?: (name: string) => void,
): Stanza {
  const bytes = typeof text === "string" ? Buffer.from(text) : asBuffer(text);
  const refuse = (name: string, line: number): never => {
    throw new SluiceError(
      "metadata_invalid",
      `${what}, line ${line}, gives '${name}' a second time in one stanza: it is not valid deb822.`,
    );
  };
  const parser = stanzaParser(what, keepAll, onRepeat ?? refuse);
  const [stanza, ...others] = [...parser.push(bytes), ...parser.end()];
  if (stanza === undefined) throw new SluiceError("metadata_invalid", `${what} holds no field.`);
  if (others.length > 0)
    throw new SluiceError("metadata_invalid", `${what} holds more than one stanza: only one belongs there.`);
  return stanza;
}

/**
 * The stanzas of a stream of any size, in order, several at a time; memory stays bounded, and what is given
 * does not keep the stream's chunks alive. Only `fields` (lower-case names) are kept; of one that stands
 * twice in a stanza the last counts, as for apt; a stanza with none of them is an empty map. Throws
 * `metadata_invalid` for broken lines, a line over 1 MiB or a stanza over 8 MiB.
 */
export async function* stanzas(
  source: AsyncIterable<Uint8Array>,
  what: string,
  fields: ReadonlySet<string>,
): AsyncGenerator<readonly Stanza[]> {
  const parser = stanzaParser(what, keepOnly(fields));
  for await (const lines of wholeLines(source)) {
    const done = parser.push(lines);
    if (done.length > 0) yield done;
  }
  const last = parser.end();
  if (last.length > 0) yield last;
}

// About 1 MiB at a time, cut after a newline.
async function* wholeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    held.push(asBuffer(chunk));
    size += chunk.length;
    if (size < BATCH) continue;
    const all = Buffer.concat(held);
    const cut = all.lastIndexOf(NEWLINE) + 1 || all.length;
    yield all.subarray(0, cut);
    held = [all.subarray(cut)];
    size = all.length - cut;
  }
  if (size > 0) yield Buffer.concat(held);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
