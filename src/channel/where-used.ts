import { SluiceError } from "../base/errors.ts";
import { parseManifestLine } from "../snapshot/manifest.ts";
import { storedMirrors, surveySnapshots, type Snapshot } from "../snapshot/snapshots.ts";
import { blobFinding, type Finding } from "../snapshot/verify.ts";
import type { ReadStore } from "../store/contract.ts";

/** A bad blob, by the newest snapshot of a mirror that needs it, or as one that nothing needs. */
export async function badBlob(store: ReadStore, sha256: string): Promise<Finding> {
  for (const mirror of await storedMirrors(store)) {
    for (const { body } of (await surveySnapshots(store, mirror)).snapshots.toReversed()) {
      const path = await pathOf(store, body, sha256);
      if (path !== undefined) return blobFinding(mirror, body.id, "blob_corrupt", path, sha256);
    }
  }
  const message = `Blob ${sha256} has changed in the store; no snapshot that can be read needs it, so that \`sluice gc\` may remove it.`;
  return { code: "blob_corrupt", message, sha256 };
}

async function pathOf(
  store: ReadStore,
  { manifest, trust }: Snapshot["body"],
  sha256: string,
): Promise<string | undefined> {
  if (manifest.sha256 === sha256) return "the manifest";
  const keyrings = trust.kind === "keys" ? trust.keyrings : [];
  const keyring = keyrings.find((file) => file.sha256 === sha256);
  return keyring?.name ?? (await pathIn(store, manifest.sha256, sha256));
}

// Looked for in the bytes: to parse a manifest takes a hundred times as long.
async function pathIn(store: ReadStore, manifest: string, sha256: string): Promise<string | undefined> {
  try {
    const bytes = await store.readBlob(manifest);
    const at = bytes.indexOf(`"sha256":"${sha256}"`);
    if (at < 0) return undefined;
    const line = bytes.toString("utf8", bytes.lastIndexOf(10, at) + 1, bytes.indexOf(10, at));
    return parseManifestLine(line, `blob ${manifest}`).path;
  } catch (error) {
    // A manifest that is bad itself has a finding of its own.
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}
