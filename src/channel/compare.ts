import { SluiceError } from "../base/errors.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { broughtAdvisories, type BroughtAdvisories } from "../snapshot/advisories.ts";
import { diffFiles, diffPackages, type FileDiff, type SnapshotDiff } from "../snapshot/diff.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { ReadStore } from "../store/contract.ts";
import { targetSnapshot } from "./targets.ts";

/** What changed from one snapshot to another (`MIRROR[@X]` each); with `files`, paths too. */
export async function compareSnapshots(
  store: ReadStore,
  find: (ecosystem: string) => Ecosystem | undefined,
  from: string,
  to: string,
  options: { files: boolean },
): Promise<SnapshotDiff & Partial<BroughtAdvisories> & { files?: FileDiff }> {
  const a = (await targetSnapshot(store, from)).body;
  const b = (await targetSnapshot(store, to)).body;
  const ecosystem = find(b.ecosystem);
  if (a.mirror !== b.mirror) {
    throw new SluiceError(
      "usage",
      `'${from}' and '${to}' are of different mirrors: diff compares two snapshots of one.`,
    );
  }
  if (ecosystem === undefined || a.ecosystem !== b.ecosystem) {
    throw new SluiceError(
      "usage",
      `'${from}' is ${a.ecosystem} and '${to}' is ${b.ecosystem}: they cannot be compared.`,
    );
  }
  const before = await readManifest(store, a.manifest, from);
  const after = await readManifest(store, b.manifest, to);
  const packages = diffPackages(before, after, (x, y) => ecosystem.compareVersions(x, y));
  const advisories = await broughtAdvisories(store, ecosystem, b, after, packages);
  return { ...packages, ...advisories, ...(options.files && { files: diffFiles(before, after) }) };
}
