import { readManifest, type ManifestBlob } from "../../snapshot/manifest.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { Cargo } from "../contract.ts";
import { encodeRefs } from "./records.ts";
import { listOf, memberOf, recordMember, REFS } from "./layout.ts";
import type { Item } from "./plan.ts";

/** All that goes into the parts of a bundle, in its order: records first, then the files that the other side lacks. */
export interface Contents {
  readonly items: readonly Item[];
  /** The bytes of what is no blob, by name. */
  readonly texts: ReadonlyMap<string, Buffer>;
  /** Of the blobs beside manifests and key files. */
  readonly files: number;
  readonly bytes: number;
}

/** Lays out what of a cargo is to be written, where the other side has these blobs already. */
export async function contentsOf(
  store: ReadStore,
  cargo: Cargo,
  has: ReadonlySet<string>,
): Promise<Contents> {
  const texts = new Map<string, Buffer>([[REFS, await encodeRefs(store, cargo.refs)]]);
  const records = new Map<string, Item>();
  const blobs = new Map<string, Item>();
  let bytes = 0;
  for (const { mirror, id, manifest, keyrings } of cargo.snapshots) {
    for (const sha256 of [...keyrings, manifest.sha256]) {
      const size = (await store.statBlob(sha256))?.size ?? 0;
      records.set(sha256, { name: recordMember(sha256), size, sha256 });
    }
    const lines: string[] = [];
    for (const { path, sha256, size } of await readManifest(store, manifest, `${mirror}@${id}`)) {
      lines.push(`${sha256}  ${path}\n`);
      if (has.has(sha256) || blobs.has(sha256)) continue;
      blobs.set(sha256, { name: memberOf(sha256), size, sha256 });
      bytes += size;
    }
    texts.set(listOf(mirror, id), Buffer.from(lines.join("")));
  }
  const plain = [...texts].map(([name, text]): Item => ({ name, size: text.length }));
  return { items: [...plain, ...records.values(), ...blobs.values()], texts, files: blobs.size, bytes };
}

/** Blobs of snapshots that the other side is taken to have; a manifest that is gone here says nothing. */
export async function blobsOf(
  store: ReadStore,
  snapshots: readonly {
    readonly mirror: string;
    readonly id: string;
    readonly manifest: ManifestBlob;
  }[],
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { mirror, id, manifest } of snapshots) {
    if ((await store.statBlob(manifest.sha256)) === undefined) continue;
    for (const { sha256 } of await readManifest(store, manifest, `${mirror}@${id}`)) found.add(sha256);
  }
  return found;
}
