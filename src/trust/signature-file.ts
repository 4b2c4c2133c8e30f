import { type SignaturePacket, enums, readSignature } from "openpgp";
import { SluiceError } from "../base/errors.ts";
import { armoredBlocks, trimmedLines } from "./armor-lines.ts";
import { createdAt, lenient } from "./packets.ts";

// Each costs a pass over what is signed, and each malformed packet costs time too; real files carry a
// handful, of a few hundred bytes.
const MAX_SIGNATURES = 64;
const MAX_BYTES = 96 * 1024;

/**
 * The signatures of a detached signature file: binary, or any number of armoured blocks with nothing else
 * around them.
 */
export async function readSignatureFile(bytes: Uint8Array, what: string): Promise<SignaturePacket[]> {
  if ((bytes[0] ?? 0) >= 0x80) return readSignatures({ binarySignature: bytes }, what);
  const lines = trimmedLines(bytes);
  if (lines.every((line) => line === ""))
    throw new SluiceError("signature_missing", `The signature file of ${what} is empty.`);
  const { blocks, hasMore } = armoredBlocks(lines, "PGP SIGNATURE");
  if (hasMore)
    throw new SluiceError(
      "signature_framing",
      `The signature file of ${what} holds something else than signatures: the upstream was altered, or a proxy answered for it.`,
    );
  if (blocks.length > MAX_SIGNATURES) throw tooMany(what);
  const signatures = [];
  for (const armoredSignature of blocks)
    signatures.push(...(await readSignatures({ armoredSignature }, what)));
  return signatures;
}

/** When the newest signature of a detached signature file was made, in ms; undefined where the file holds none that can be read. */
export async function newestSignature(bytes: Uint8Array, what: string): Promise<number | undefined> {
  try {
    const times = (await readSignatureFile(bytes, what)).map(createdAt);
    return times.length === 0 ? undefined : Math.max(...times);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return undefined;
  }
}

/** The signature packets of one block; those of a kind that the library does not know are left out. */
export async function readSignatures(
  input: { armoredSignature: string } | { binarySignature: Uint8Array },
  what: string,
): Promise<SignaturePacket[]> {
  const size = "armoredSignature" in input ? input.armoredSignature.length : input.binarySignature.length;
  if (size > MAX_BYTES) throw tooMany(what);
  let packets;
  try {
    ({ packets } =
      "armoredSignature" in input
        ? await readSignature({ ...input, config: lenient })
        : await readSignature({ ...input, config: lenient }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SluiceError(
      "signature_bad",
      `The signature of ${what} cannot be read (${reason}): the upstream was damaged or altered.`,
      { cause: error },
    );
  }
  if (packets.length > MAX_SIGNATURES) throw tooMany(what);
  return packets.filterByTag(enums.packet.signature);
}

function tooMany(what: string): SluiceError {
  return new SluiceError(
    "signature_framing",
    `${what} carries more than ${MAX_SIGNATURES} signatures, or ${MAX_BYTES} bytes of them: refused.`,
  );
}
