import { SluiceError } from "../base/errors.ts";
import type { Site } from "../channel/site.ts";
import { reconcileTrees, rightTree } from "../channel/trees.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { storedMirrors, surveySnapshots } from "../snapshot/snapshots.ts";

/**
 * Brings the trees up to date. Where blobs that were in quarantine are back, it puts their names back into all trees, and forgets the bad copies. Returns what
 * could not be made.
 */
export async function publishTrees(site: Site): Promise<string[]> {
  const back = (await site.store.quarantined()).filter((one) => one.back).map((one) => one.sha256);
  if (back.length === 0) return reconcileTrees(site);
  const repaired = new Set(back);
  const problems: string[] = [];
  for (const mirror of await storedMirrors(site.store)) {
    for (const { body } of (await surveySnapshots(site.store, mirror)).snapshots) {
      try {
        const manifest = await readManifest(site.store, body.manifest, `${mirror}@${body.id}`);
        // Of a manifest that was bad itself, nobody has looked yet what else is back.
        const touched =
          repaired.has(body.manifest.sha256) || manifest.some((entry) => repaired.has(entry.sha256));
        if (touched) await rightTree(site, body);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        problems.push(`${mirror}@${body.id} is still damaged: ${error.message}`);
      }
    }
  }
  problems.push(...(await reconcileTrees(site, { refreshGrace: true })));
  await site.store.clearRepaired();
  return problems;
}
