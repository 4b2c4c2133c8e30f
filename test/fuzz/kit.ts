import { deepStrictEqual } from "node:assert";
import { SluiceError } from "../../src/base/errors.ts";

/** Holds what must be true of an input that was taken; anything else is a finding. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

/** Two readings that must be one. */
export function mustEqual(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (cause) {
    throw new Error(`does not hold: ${what}`, { cause });
  }
}

/** What the work gives, or undefined where it refuses its input by name; any other error is a finding. */
export function refusable<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

/** The bytes as a stream of pieces. */
export async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function gather(source: AsyncIterable<Uint8Array>, most = Infinity): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    must(size <= most, "no more comes than is allowed");
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** Several files in one input: `=== NAME`, a line, then its bytes. What stands before the first is the file "". */
export function sections(input: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  let name = "";
  let from = 0;
  for (let at = 0; at <= input.length;) {
    const end = input.indexOf(10, at);
    const isHead = input.subarray(at, at + 4).toString("latin1") === "=== ";
    if (isHead || end < 0) {
      found.set(name, input.subarray(from, isHead ? at : input.length));
      if (!isHead || end < 0) break;
      name = input.toString("utf8", at + 4, end);
      from = end + 1;
    }
    at = end + 1;
  }
  return found;
}

export function joined(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, text]) => (name === "" ? text : `=== ${name}\n${text}`))
    .join("");
}
