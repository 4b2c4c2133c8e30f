import type { ReadStore } from "../store/contract.ts";
import type { Trust } from "../trust/contract.ts";
import type { RecordedTrust } from "./record.ts";

/** The trust a snapshot was accepted under, its key files read back from the store, with the revocations that today's key files carry. */
export async function recordedTrust(
  store: ReadStore,
  recorded: RecordedTrust,
  today: Trust | undefined,
): Promise<Trust> {
  if (recorded.kind === "none") return recorded;
  const files = await Promise.all(
    recorded.keyrings.map(async ({ name, sha256 }) => ({ name, bytes: await store.readBlob(sha256) })),
  );
  return {
    kind: "keys",
    files,
    pinned: recorded.pinned,
    allowWeak: recorded.allowWeak,
    ...(recorded.scope !== undefined && { scope: recorded.scope }),
    ...(today?.kind === "keys" && { revocations: [...today.files, ...(today.revocations ?? [])] }),
  };
}
