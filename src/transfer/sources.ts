import { resolve } from "node:path";
import { openDirectoryReader } from "../store/directory/open.ts";
import { openBundles } from "./bundle/open.ts";
import { bundleSources } from "./bundle/source.ts";
import { isMedium } from "./medium-folder.ts";
import type { Source } from "./contract.ts";
import { SluiceError } from "../base/errors.ts";
import { storeSource } from "./store-source.ts";

export interface Sources extends AsyncDisposable {
  readonly list: readonly Source[];
}

/** Opens what is in these folders for import, media and bundles; writes nothing to them. Throws store_unusable, bundle_damaged, usage. */
export async function openSources(folders: readonly string[]): Promise<Sources> {
  const list: Source[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const others: string[] = [];
  for (const folder of new Set(folders.map((path) => resolve(path)))) {
    if (!(await isMedium(folder))) {
      others.push(folder);
      continue;
    }
    const store = await openDirectoryReader(folder);
    opened.push(store);
    list.push(storeSource(store, "medium", `the medium ${folder}`));
  }
  const bundles = await openBundles(others);
  if (list.length + bundles.length === 0)
    throw new SluiceError(
      "usage",
      `There is nothing to import in ${others.join(", ")}: give the folder of a medium, or of a bundle with its manifest.json.`,
    );
  list.push(...(await bundleSources(bundles)));
  return {
    list,
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
    },
  };
}
