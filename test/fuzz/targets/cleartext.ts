import { sameText, splitCleartext } from "../../../src/trust/cleartext.ts";
import { isExactArmor } from "../../../src/trust/exact-armor.ts";
import { must } from "../kit.ts";
import { SIGNED_WORDS, signedFiles } from "../signed.ts";
import type { Target } from "../target.ts";

/** The frame of a clear-signed file: nothing but what is signed comes out of it. */
export async function open(): Promise<Target> {
  const { inRelease } = await signedFiles();
  return {
    seeds: [
      inRelease,
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- -x\ny \n-----BEGIN PGP SIGNATURE-----\n\nAA==\n-----END PGP SIGNATURE-----\n",
    ],
    words: SIGNED_WORDS,
    run(input) {
      sameText(input, input.subarray(1));
      isExactArmor(input.toString("latin1"));
      const { canonical, text, armor } = splitCleartext(input, "InRelease");
      must(text === canonical.toString("utf8").replaceAll("\r\n", "\n"), "what is read is what is signed");
      must(
        /^-----BEGIN PGP SIGNATURE-----\n[^]*-----END PGP SIGNATURE-----\n$/.test(armor) &&
          armor.split("\n-----").length === 2,
        "one block of signatures",
      );
      must(sameText(text, `${text} \r\n\n`), "blanks at the ends of lines mean nothing");
    },
  };
}
