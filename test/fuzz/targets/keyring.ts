import { armor, enums } from "openpgp";
import { openSiteKey } from "../../../src/trust/identity.ts";
import { openKeyring } from "../../../src/trust/openpgp.ts";
import { parsePins } from "../../../src/trust/pins.ts";
import { keyring } from "../../../src/trust/test-keys.ts";
import { fixedKey } from "../keys.ts";
import { must, mustEqual } from "../kit.ts";
import { SIGNED_WORDS } from "../signed.ts";
import { SluiceError } from "../../../src/base/errors.ts";
import type { Target } from "../target.ts";

/** Keyrings, of vendors and of other sites. */
export async function open(): Promise<Target> {
  const bytes = keyring([await fixedKey(1), await fixedKey(2, "Žluťoučký <k@example.org>")]);
  const armored = armor(enums.armor.publicKey, bytes);
  const own = [...(await openKeyring(trusting(bytes))).certificates()].map(({ fingerprint }) => fingerprint);
  return {
    seeds: [bytes, armored, `text before\n${armored}\n${armored}`],
    words: SIGNED_WORDS,
    async run(input) {
      const opened = await openKeyring(trusting(input));
      const certificates = opened.certificates();
      // Nobody but its owner can make a self-signature.
      for (const { fingerprint, userId } of certificates)
        must(own.includes(fingerprint) && typeof userId === "string", "only whole keys are taken");
      parsePins(certificates.map(({ fingerprint }) => fingerprint));
      await quietly(async () => openSiteKey(input.toString()));
      const again = await openKeyring(trusting(Buffer.from(opened.armor())));
      mustEqual(again.certificates(), certificates, "what is given to clients is what was read");
    },
  };
}

function trusting(bytes: Uint8Array) {
  return { kind: "keys" as const, files: [{ name: "k.gpg", bytes }], pinned: [], allowWeak: [] };
}

async function quietly(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof SluiceError)) throw error;
  });
}
