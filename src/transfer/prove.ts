import { SluiceError, type ErrorCode } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { Site } from "../channel/site.ts";
import { acceptedKeys, rememberKeys } from "../channel/vendor-keys.ts";
import type { Claim, Ecosystem } from "../ecosystems/contract.ts";
import type { RecordedTrust } from "../snapshot/record.ts";
import { readSnapshot, type Snapshot } from "../snapshot/snapshots.ts";
import { recordedTrust } from "../snapshot/trust.ts";
import type { BlobState } from "../snapshot/blob-state.ts";
import { verifySnapshot, type Verified } from "../snapshot/verify.ts";
import { putTrust } from "../sync/commit.ts";
import type { ReadStore, WriteSession } from "../store/contract.ts";
import { offer, vendorUnknown, type VendorKeys } from "./vendor.ts";

export interface ProofContext {
  readonly site: Site;
  readonly session: WriteSession;
  /** The sender's refs. */
  readonly records: ReadStore;
  readonly vendor: VendorKeys;
  find(ecosystem: string): Ecosystem | undefined;
  readonly hashed: Map<string, BlobState>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** A snapshot of the sender, proven from the vendor's key of this site to the last byte. */
export interface Proven {
  readonly snapshot: Snapshot;
  readonly trust: RecordedTrust;
  readonly claims: readonly Claim[];
}

// Faults that other keys may cure; all others are of the snapshot itself.
const OF_KEYS: readonly ErrorCode[] = [
  "signature_untrusted",
  "signature_missing",
  "signature_bad",
  "key_expired",
  "key_revoked",
  "keyring_empty",
];

/**
 * Proves one snapshot of the sender by the keys that this site has for the mirror, its files being in this store already. Where it has none, or those of an earlier
 * import prove it no more, the keys that came with it are offered. Throws what the walk found, or vendor_unknown.
 */
export async function proveSnapshot(
  context: ProofContext,
  theirs: string,
  ours: string,
  id: string,
): Promise<Proven> {
  const { site, vendor, records } = context;
  const snapshot = await readSnapshot(records, theirs, id);
  if (snapshot.body.mirror !== theirs || snapshot.body.id !== id)
    throw new SluiceError(
      "sender_forged",
      `The record of ${theirs}@${id} is of another snapshot: nothing was taken.`,
    );
  const configured = await vendor.configured(ours);
  if (configured !== undefined) {
    const trust = await putTrust(context.session, configured);
    return { snapshot, trust, claims: sound(await proof(context, snapshot, trust)) };
  }
  const accepted = await acceptedKeys(site.store, ours);
  if (accepted !== undefined) {
    const verified = await proof(context, snapshot, accepted);
    const [fault] = verified.findings;
    const mayHaveChanged =
      fault !== undefined &&
      OF_KEYS.includes(fault.code) &&
      // Only other keys may take the place of keys.
      snapshot.body.trust.kind === "keys" &&
      JSON.stringify(accepted) !== JSON.stringify(snapshot.body.trust);
    if (!mayHaveChanged) return { snapshot, trust: accepted, claims: sound(verified) };
  }
  const offered = await offer(site.store, snapshot.body.trust, accepted !== undefined);
  if (!(await vendor.accept(ours, offered))) throw vendorUnknown(ours, offered);
  const claims = sound(await proof(context, snapshot, offered.recorded));
  await context.session.barrier();
  await rememberKeys(site, ours, offered.recorded);
  return { snapshot, trust: offered.recorded, claims };
}

async function proof(context: ProofContext, snapshot: Snapshot, trust: RecordedTrust): Promise<Verified> {
  const { site, records, find, hashed, emit, signal } = context;
  const ecosystem = find(snapshot.body.ecosystem);
  if (ecosystem === undefined)
    throw new SluiceError(
      "verify_failed",
      `${snapshot.body.mirror} is of the ecosystem '${snapshot.body.ecosystem}', which this version does not know: install a newer Sluice.`,
    );
  // The records are the sender's, proven before; the bytes are those that have arrived here.
  const store: ReadStore = {
    ...site.store,
    listRefs: records.listRefs,
    refVersions: records.refVersions,
    readRef: records.readRef,
  };
  const today = trust.kind === "keys" ? await recordedTrust(site.store, trust, undefined) : undefined;
  return verifySnapshot(
    { store, ecosystem, siteKey: async () => undefined, isRecordProven: true, today, hashed, emit, signal },
    { ...snapshot, body: { ...snapshot.body, trust } },
  );
}

function sound({ findings: [fault], claims }: Verified): readonly Claim[] {
  if (fault !== undefined) throw new SluiceError(fault.code, fault.message);
  return claims;
}
