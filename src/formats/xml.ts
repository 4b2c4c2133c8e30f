import { SaxesParser } from "saxes";
import { SluiceError } from "../base/errors.ts";

/** What a reader of a document is told of it. `path` holds the names of the open elements, the root first. */
export interface XmlVisitor {
  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void;
  /** The text that stood directly in the element after its last child. */
  close(path: readonly string[], text: string): void;
}

const MAX_DEPTH = 32;
/** Of one text, tag or comment, in characters. */
const MAX_PART = 4 * 1024 * 1024;
const PIECE = 64 * 1024;

/**
 * Reads a document as it comes in, in bounded memory, and gives what the visitor emits, some at a time. UTF-8 alone; names with their prefix, as they are
 * written. Throws `metadata_invalid` for what is not well-formed, has a DOCTYPE, or is nested or stretched past all measure; `what` names the document.
 */
export async function* readXml<T>(
  source: AsyncIterable<Uint8Array>,
  what: string,
  visitor: (emit: (item: T) => void) => XmlVisitor,
): AsyncGenerator<readonly T[]> {
  let found: T[] = [];
  const parser = openParser(
    visitor((item) => void found.push(item)),
    what,
  );
  const decode = decoder(what);
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      parser.write(decode(chunk.subarray(at, at + PIECE)));
    }
    if (found.length === 0) continue;
    yield found;
    found = [];
  }
  parser.write(decode());
  parser.close();
  if (found.length > 0) yield found;
}

function decoder(what: string): (bytes?: Uint8Array) => string {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  return (bytes) => {
    try {
      return utf8.decode(bytes, { stream: bytes !== undefined });
    } catch (error) {
      throw invalid(what, "is not UTF-8 text", error);
    }
  };
}

function openParser(visitor: XmlVisitor, what: string) {
  const path: string[] = [];
  let text = "";
  let since = 0;
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw invalid(what, `is not well-formed XML (${error.message})`, error);
  });
  parser.on("doctype", () => {
    throw invalid(what, "has a DOCTYPE", undefined);
  });
  parser.on("opentag", ({ name, attributes }) => {
    since = 0;
    text = "";
    path.push(name);
    if (path.length > MAX_DEPTH) throw invalid(what, `is nested deeper than ${MAX_DEPTH}`, undefined);
    visitor.open(path, attributes);
  });
  const hear = (more: string): void => {
    text += more;
    if (text.length > MAX_PART) throw invalid(what, `holds a text of more than ${MAX_PART} bytes`, undefined);
  };
  parser.on("text", hear);
  parser.on("cdata", hear);
  parser.on("closetag", () => {
    since = 0;
    visitor.close(path, text);
    path.pop();
    text = "";
  });
  return {
    write(piece: string): void {
      since += piece.length;
      parser.write(piece);
      // What has no end is held by the parser, out of sight.
      if (since > MAX_PART) throw invalid(what, `holds more than ${MAX_PART} bytes without a tag`, undefined);
    },
    close: () => void parser.close(),
  };
}

function invalid(what: string, fault: string, cause: unknown): SluiceError {
  return new SluiceError("metadata_invalid", `${what} ${fault}: report it to the vendor.`, { cause });
}
