import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { listSnapshots } from "../../src/snapshot/snapshots.ts";
import { readManifest } from "../../src/snapshot/manifest.ts";
import { openDirectoryReader } from "../../src/store/directory/open.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { filesBelow } from "../upstreams/apt.ts";

export const SPOT_KINDS = [
  "package",
  "metadata",
  "root",
  "manifest",
  "keyring",
  "needed by no snapshot",
  "record",
  "copy of a root",
] as const;

/** A file of a store whose bits may rot. */
export interface Spot {
  readonly kind: (typeof SPOT_KINDS)[number];
  /** Relative to the data folder. */
  readonly file: string;
  /** What a sentence about it must hold. */
  readonly name: string;
  /** Set for blobs. */
  readonly sha256: string | undefined;
  /** True where the upstream, or the config, still has what it takes to make it again. */
  readonly repairable: boolean;
}

/** All of them in a site with the mirror `m`; the upstream has what the newest snapshot holds. */
export async function spotsIn(site: SluiceSite): Promise<readonly Spot[]> {
  const store = await openDirectoryReader(site.data);
  const found = new Map<string, Spot>();
  const blob = (kind: Spot["kind"], sha256: string, repairable: boolean): void => {
    const file = `blobs/sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
    if (found.get(file)?.repairable !== true)
      found.set(file, { kind, file, name: sha256, sha256, repairable });
  };
  const snapshots = await listSnapshots(store, "m");
  for (const { body } of snapshots) {
    const newest = body.id === snapshots.at(-1)?.body.id;
    blob("manifest", body.manifest.sha256, newest);
    if (body.trust.kind === "keys")
      for (const { sha256 } of body.trust.keyrings) blob("keyring", sha256, true);
    for (const entry of await readManifest(store, body.manifest, body.id)) {
      if (entry.size > 0) blob(entry.kind, entry.sha256, newest);
      const file = `trees/m/${body.id}/${entry.path}`;
      if (entry.kind === "root" && entry.size > 0)
        found.set(file, {
          kind: "copy of a root",
          file,
          name: `m@${body.id}: '${entry.path}'`,
          sha256: undefined,
          repairable: true,
        });
    }
  }
  await store.close();
  for (const path of await filesBelow(join(site.data, "blobs/sha256"))) {
    const isKnown = found.has(`blobs/sha256/${path}`);
    if (!isKnown && (await stat(join(site.data, "blobs/sha256", path))).size > 0)
      blob("needed by no snapshot", path.replace("/", ""), false);
  }
  for (const path of await filesBelow(join(site.data, "refs"))) {
    const file = `refs/${path}`;
    found.set(file, { kind: "record", file, name: file, sha256: undefined, repairable: false });
  }
  return [...found.values()];
}

/** Flips one bit in place: the inode stays, as where a disk forgets. `at` is from 0 to 1. */
export async function flipAt(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  const bit = Math.min(bytes.length * 8 - 1, Math.floor(at * bytes.length * 8));
  const place = bit >> 3;
  bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << (bit & 7)), place);
  const { atime, mtime } = await stat(file);
  await writeFile(file, bytes, { flag: "r+" });
  await utimes(file, atime, mtime);
}
