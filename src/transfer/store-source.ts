import type { ReadStore } from "../store/contract.ts";
import { checkShown } from "./check-shown.ts";
import type { ReadSource } from "./contract.ts";

/** A store that can be read at any place: a medium. Blobs come in the order in which they are wanted. */
export function storeSource(store: ReadStore, kind: ReadSource["kind"], name: string): ReadSource {
  return {
    name,
    kind,
    store,
    async *blobs(wanted) {
      for (const sha256 of wanted.keys()) {
        if ((await store.statBlob(sha256)) === undefined) continue;
        yield { sha256, body: await store.openBlob(sha256) };
      }
    },
    faults: () => [],
    async explain(lacking) {
      const message = `${lacking.size} of the files are not in ${name}: it was not written to its end, or is damaged; have it written again.`;
      return lacking.size === 0 ? [] : [message];
    },
    check: async (signal) => checkShown({ store, name }, signal),
  };
}
