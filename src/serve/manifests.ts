import { createHash } from "node:crypto";
import { SluiceError } from "../base/errors.ts";
import type { Snapshot } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { WeightedCache } from "./cache.ts";
import { ManifestIndex } from "./manifest-index.ts";

/** Of the memory for manifests, what goes to the lists of files that left a channel. */
const LEFT_SHARE = 1 / 8;

/** Indexed manifests, kept within so many bytes of memory; read and indexed without holding up other requests. */
export class Manifests {
  readonly #store: ReadStore;
  readonly #whole: WeightedCache<ManifestIndex>;
  readonly #left: WeightedCache<ManifestIndex>;

  constructor(store: ReadStore, bytes: number) {
    this.#store = store;
    const weigh = (index: ManifestIndex) => index.weight;
    this.#whole = new WeightedCache(bytes * (1 - LEFT_SHARE), weigh);
    this.#left = new WeightedCache(bytes * LEFT_SHARE, weigh);
  }

  /** The snapshot's manifest, where it is at hand. */
  peek(snapshot: Snapshot): ManifestIndex | undefined {
    return this.#whole.peek(snapshot.body.manifest.sha256);
  }

  async of(snapshot: Snapshot): Promise<ManifestIndex> {
    const { mirror, id, manifest } = snapshot.body;
    return this.#whole.get(manifest.sha256, async () => {
      return ManifestIndex.build(await readSlowly(this.#store, manifest), `${mirror} ${id}`);
    });
  }

  /** What of the older snapshot the newer has no file for, without roots. Worked out once for each pair. */
  async left(older: Snapshot, newer: Snapshot): Promise<ManifestIndex> {
    const pair = `${older.body.manifest.sha256} ${newer.body.manifest.sha256}`;
    return this.#left.get(pair, async () => {
      const [from, to] = [await this.of(older), await this.of(newer)];
      return from.without(to);
    });
  }
}

// A manifest may have hundreds of megabytes: read and hashed by the chunk, so that other requests get their turn.
async function readSlowly(
  store: ReadStore,
  { sha256, size }: { sha256: string; size: number },
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  const hash = createHash("sha256");
  let have = 0;
  for await (const chunk of (await store.openBlob(sha256)) as AsyncIterable<Buffer>) {
    if (have + chunk.length > size) throw damaged(sha256);
    chunk.copy(bytes, have);
    have += chunk.length;
    hash.update(chunk);
  }
  if (have !== size || hash.digest("hex") !== sha256) throw damaged(sha256);
  return bytes;
}

function damaged(sha256: string): SluiceError {
  return new SluiceError("blob_corrupt", `The manifest ${sha256} is damaged: run \`sluice verify\`.`);
}
