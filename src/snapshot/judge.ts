import { SluiceError } from "../base/errors.ts";
import type { Claim } from "../ecosystems/contract.ts";
import type { Signer, Trust } from "../trust/contract.ts";

/**
 * Holds that somebody may still vouch for a root at time `at` (ms): one signer whose key had not expired then and is not revoked. Any revocation
 * known counts at sync (`strict`); for a snapshot accepted earlier, one from before its acceptance, or of a compromised key, does.
 */
export function judgeSigners(claim: Claim, trust: Trust, at: number, strict: boolean): void {
  if (trust.kind === "none" || trust.scope === "packages") return;
  if (claim.signers.some((signer) => refusal(signer, at, strict) === undefined)) return;
  const first = claim.signers[0];
  if (first === undefined) {
    throw new SluiceError("signature_missing", `${claim.root} carries no trusted signature: refused.`);
  }
  const code = refusal(first, at, strict) ?? "key_expired";
  const when =
    code === "key_expired"
      ? `expired on ${day(first.expires ?? at)}`
      : `has been revoked${first.revoked ? ` on ${day(first.revoked)}` : ""}`;
  throw new SluiceError(
    code,
    `The key ${first.fingerprint} (${first.userId}) that signed ${claim.root} ${when}: get the vendor's newer keyring.`,
  );
}

function refusal(signer: Signer, at: number, strict: boolean): "key_expired" | "key_revoked" | undefined {
  if (signer.revoked !== undefined && (strict || signer.revoked <= at)) return "key_revoked";
  if (signer.expires !== undefined && signer.expires <= at) return "key_expired";
  return undefined;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
