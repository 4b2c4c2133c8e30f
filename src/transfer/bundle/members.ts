import { createHash } from "node:crypto";
import { SluiceError } from "../../base/errors.ts";
import { readUstar } from "../../formats/ustar.ts";
import { openPlain } from "./files.ts";
import type { BundlePart } from "./layout.ts";
import type { OpenedBundle } from "./open.ts";

/** A member as it was before it was cut: `size` is known of those that were not. */
export interface WholeMember {
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** What was found wrong with a part. */
export interface PartFault {
  readonly bundle: OpenedBundle;
  readonly n: number;
  readonly message: string;
}

/** By the name of the part, which its content gives it. */
export type Faults = Map<string, PartFault>;

const CHUNK = 1024 * 1024;
/** The member that a piece is of, and which of its pieces; undefined for what was not cut. */
function pieceOf(name: string): { whole: string; piece: number } | undefined {
  const match = /^((?:blobs|records)\/.+)\.(\d{3,6})$/.exec(name);
  return match?.[1] === undefined ? undefined : { whole: match[1], piece: Number(match[2]) };
}

/**
 * Reads the chosen parts of a bundle in their order and puts cut members together. A part that is bad ends where that shows, and is written down in `faults`; a cut member whose
 * next piece does not come ends early.
 */
export async function* readMembers(
  bundle: OpenedBundle,
  wants: (part: BundlePart) => boolean,
  faults: Faults,
): AsyncGenerator<WholeMember> {
  const pieces = piecesOf(bundle, wants, faults);
  let at: WholeMember | undefined;
  const advance = async (): Promise<void> => {
    const next = await pieces.next();
    at = next.done === true ? undefined : next.value;
  };
  const current = (): WholeMember | undefined => at;
  async function* joined(whole: string): AsyncGenerator<Uint8Array> {
    for (let piece = 0; ; piece++) {
      const here = current();
      const cut = here && pieceOf(here.name);
      if (here === undefined || cut?.whole !== whole || cut.piece !== piece) return;
      yield* here.body;
      await advance();
    }
  }
  for (await advance(); ;) {
    const here = current();
    if (here === undefined) return;
    const cut = pieceOf(here.name);
    if (cut === undefined) {
      yield here;
      await advance();
      continue;
    }
    if (cut.piece === 0) yield { name: cut.whole, body: joined(cut.whole) };
    // Pieces that were not read, or whose beginning did not come.
    for (
      let rest = current();
      rest !== undefined && pieceOf(rest.name)?.whole === cut.whole;
      rest = current()
    )
      await advance();
  }
}

async function* piecesOf(
  bundle: OpenedBundle,
  wants: (part: BundlePart) => boolean,
  faults: Faults,
): AsyncGenerator<WholeMember> {
  for (const part of bundle.manifest.parts) {
    const copies = bundle.parts.get(part.name);
    if (copies === undefined || !wants(part)) continue;
    const paths = await soundest(copies, part);
    const what = `Part ${part.n} of bundle ${bundle.manifest.number} (${paths.join(", ")})`;
    const bad = (message: string): void => void faults.set(part.name, { bundle, n: part.n, message });
    const hash = createHash("sha256");
    const bytes = bytesOf(paths);
    try {
      yield* readUstar(hashed(bytes, hash), what);
    } catch (error) {
      if (!(error instanceof SluiceError) || !/^(tar_unexpected|bundle_damaged)$/.test(error.code))
        throw error;
      bad(error.message);
      continue;
    } finally {
      // The archive may have ended, or been left, before its file.
      await bytes.return(undefined);
    }
    if (hash.digest("hex") !== part.sha256)
      bad(`${what} is not what its signed list says: copy it again, or have it written again.`);
  }
}

/** Of several copies of a part, which lie in several folders, one that is whole; the first, if none is. */
async function soundest(
  copies: readonly (readonly string[])[],
  part: BundlePart,
): Promise<readonly string[]> {
  const [first = []] = copies;
  if (copies.length < 2) return first;
  for (const paths of copies) {
    const hash = createHash("sha256");
    try {
      for await (const chunk of bytesOf(paths)) hash.update(chunk);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      continue;
    }
    if (hash.digest("hex") === part.sha256) return paths;
  }
  return first;
}

async function* bytesOf(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    const handle = await openPlain(path);
    // The stream closes the file, also where it is left early.
    yield* handle.createReadStream({ highWaterMark: CHUNK }) as AsyncIterable<Uint8Array>;
  }
}

async function* hashed(
  input: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    hash.update(chunk);
    yield chunk;
  }
}
