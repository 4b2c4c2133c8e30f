import { parseRelease } from "../../../src/ecosystems/apt/release.ts";
import { sameText } from "../../../src/trust/cleartext.ts";
import { openKeyring } from "../../../src/trust/openpgp.ts";
import { must } from "../kit.ts";
import { SIGNED_WORDS, signedFiles } from "../signed.ts";
import type { Target } from "../target.ts";

/** An InRelease proven by a key: what was not signed is not taken. */
export async function open(): Promise<Target> {
  const { inRelease, trust, release } = await signedFiles();
  const keyring = await openKeyring(trust);
  return {
    seeds: [inRelease],
    words: SIGNED_WORDS,
    async run(input) {
      const { text, verification } = await keyring.verifyCleartext(input, "InRelease");
      must(sameText(text, release), "only what was signed is taken");
      must(verification.signers.length === 1, "and somebody signed it");
      parseRelease(text, "InRelease");
    },
  };
}
