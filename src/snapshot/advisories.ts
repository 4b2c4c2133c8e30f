import { SluiceError } from "../base/errors.ts";
import type { Advisory, Ecosystem } from "../ecosystems/contract.ts";
import type { ReadStore } from "../store/contract.ts";
import { Moved } from "../upstream/contract.ts";
import type { SnapshotDiff } from "./diff.ts";
import type { ManifestEntry } from "./manifest.ts";
import type { SnapshotRecord } from "./record.ts";
import { recordedTrust } from "./trust.ts";
import { snapshotUpstream } from "./upstream.ts";

/** What the vendor says of the packages that a diff brings. */
export interface BroughtAdvisories {
  /** Those on packages that are new, sorted by id; of their packages, those alone. */
  readonly advisories: readonly Advisory[];
  /** Why there may be more: a sentence. */
  readonly fault?: string;
}

/** Of the newer snapshot's metadata; undefined where its ecosystem has no advisories. */
export async function broughtAdvisories(
  store: ReadStore,
  ecosystem: Ecosystem | undefined,
  record: SnapshotRecord,
  manifest: readonly ManifestEntry[],
  { added, changed }: SnapshotDiff,
): Promise<BroughtAdvisories | undefined> {
  if (ecosystem?.advisories === undefined) return undefined;
  const brought = new Set([
    ...added.map(({ name, arch, version }) => keyOf(name, arch, version)),
    ...changed.map(({ name, arch, to }) => keyOf(name, arch, to)),
  ]);
  const found = new Map<string, Advisory>();
  const sorted = (): Advisory[] => [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (brought.size === 0) return { advisories: [] };
  try {
    const what = `${record.mirror}@${record.id}`;
    const files = snapshotUpstream(store, new Map(manifest.map((entry) => [entry.path, entry])), what);
    const trust = await recordedTrust(store, record.trust, undefined);
    for await (const advisory of ecosystem.advisories(files, record.options, trust)) {
      const packages = advisory.packages.filter(({ name, arch, version }) =>
        brought.has(keyOf(name, arch, version)),
      );
      if (packages.length > 0) found.set(advisory.id, { ...advisory, packages });
    }
    return { advisories: sorted() };
  } catch (thrown) {
    // A vendor's broken list must not keep anybody from seeing the rest.
    const error = thrown instanceof Moved ? thrown.otherwise : thrown;
    if (!(error instanceof SluiceError)) throw error;
    return { advisories: sorted(), fault: error.message };
  }
}

function keyOf(name: string, arch: string, version: string): string {
  return `${name}\n${arch}\n${version}`;
}
