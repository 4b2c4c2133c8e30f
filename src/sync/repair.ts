import type { Site } from "../channel/site.ts";
import { plantTree } from "../channel/trees.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { listSnapshots, storedMirrors } from "../snapshot/snapshots.ts";

/** Where blobs that were in quarantine are back: puts their names back into the trees, and forgets the bad copies. */
export async function repairTrees(site: Site): Promise<void> {
  const back = (await site.store.quarantined()).filter((one) => one.back).map((one) => one.sha256);
  if (back.length === 0) return;
  const repaired = new Set(back);
  const { trees } = site.store;
  for (const mirror of trees === undefined ? [] : await storedMirrors(site.store)) {
    for (const { body } of await listSnapshots(site.store, mirror)) {
      const manifest = await readManifest(site.store, body.manifest.sha256, `${mirror}@${body.id}`);
      const touched = manifest.some((entry) => repaired.has(entry.sha256));
      if (trees !== undefined && touched) await plantTree(site, trees, body);
    }
  }
  await site.store.clearRepaired();
}
