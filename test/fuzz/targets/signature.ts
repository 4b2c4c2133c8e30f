import { SluiceError } from "../../../src/base/errors.ts";
import { openKeyring, signedAt } from "../../../src/trust/openpgp.ts";
import { must } from "../kit.ts";
import { SIGNED_WORDS, signedFiles } from "../signed.ts";
import type { Target } from "../target.ts";

/** Files of detached signatures, binary and armoured. */
export async function open(): Promise<Target> {
  const { armored, binary, trust, release } = await signedFiles();
  const keyring = await openKeyring(trust);
  const data = Buffer.from(release);
  const other = Buffer.from(release.replace("Debian", "Debiam"));
  return {
    seeds: [armored, binary],
    words: SIGNED_WORDS,
    maxBytes: 200_000,
    async run(input) {
      await signedAt(input, "Release.gpg");
      const { signers } = await keyring.verifyDetached(data, input, "Release");
      must(signers.length === 1, "somebody signed it");
      const forged = await keyring.verifyDetached(other, input, "Release").catch((error: unknown) => error);
      must(forged instanceof SluiceError, "a signature is of one text alone");
    },
  };
}
