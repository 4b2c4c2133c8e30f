import { resolve } from "node:path";
import { openDirectoryReader } from "../store/directory/open.ts";
import type { Source } from "./contract.ts";
import { storeSource } from "./store-source.ts";

export interface Sources extends AsyncDisposable {
  readonly list: readonly Source[];
}

/** Opens what is in these folders for import; writes nothing to them. Throws store_unusable. */
export async function openSources(folders: readonly string[]): Promise<Sources> {
  const list: Source[] = [];
  const opened: { close(): Promise<void> }[] = [];
  for (const folder of new Set(folders.map((path) => resolve(path)))) {
    const store = await openDirectoryReader(folder);
    opened.push(store);
    list.push(storeSource(store, "medium", `the medium ${folder}`));
  }
  return {
    list,
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
    },
  };
}
