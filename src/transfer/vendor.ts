import { SluiceError } from "../base/errors.ts";
import type { RecordedTrust } from "../snapshot/record.ts";
import { recordedTrust } from "../snapshot/trust.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Trust } from "../trust/contract.ts";
import { openKeyring } from "../trust/openpgp.ts";

/** By whose keys an imported mirror is proven: those that the config gives it, else those that were accepted before. */
export interface VendorKeys {
  /** The config's, if it has the mirror. */
  configured(mirror: string): Promise<Trust | undefined>;
  /** Shows the keys that came with a mirror that has none here, and asks whether to accept them, from now on. */
  accept(mirror: string, keys: OfferedKeys): Promise<boolean>;
}

/** Keys that came with a mirror. */
export interface OfferedKeys {
  readonly recorded: RecordedTrust;
  /** `FINGERPRINT user id`, one each. */
  readonly lines: readonly string[];
  /** True where other keys were accepted before, and no longer prove what comes. */
  readonly changed: boolean;
}

/** What the keys that came with a mirror are, to be shown. */
export async function offer(
  source: ReadStore,
  recorded: RecordedTrust,
  changed: boolean,
): Promise<OfferedKeys> {
  if (recorded.kind === "none")
    return { recorded, lines: ["no key at all: the mirror is taken unsigned"], changed };
  const trust = await recordedTrust(source, recorded, undefined);
  if (trust.kind === "none") return { recorded, lines: [], changed };
  const keyring = await openKeyring(trust);
  const lines = keyring.certificates().map(({ fingerprint, userId }) => `${fingerprint} ${userId}`);
  return {
    recorded,
    lines:
      recorded.pinned.length > 0 ? [...lines, `of which only ${recorded.pinned.join(", ")} may sign`] : lines,
    changed,
  };
}

export function vendorUnknown(mirror: string, { changed }: Pick<OfferedKeys, "changed">): SluiceError {
  const [why, or] = changed
    ? [
        `The keys that were accepted for the mirror '${mirror}' do not prove what came`,
        "at a terminal, without --yes, to compare and accept the others that came with it",
      ]
    : [
        `This site has no key of its own to prove the mirror '${mirror}' by`,
        "with --yes to accept the keys that came with it",
      ];
  return new SluiceError(
    "vendor_unknown",
    `${why}: give \`imports: { ${mirror}: { keyring: FILE } }\` in the config, or run the import again ${or}.`,
  );
}
