import { resolve } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { openDirectoryReader } from "../store/directory/open.ts";
import { findBundles, type Found } from "./bundle/open.ts";
import { bundleSource, inOrder, nameOf } from "./bundle/source.ts";
import { isMedium } from "./medium-folder.ts";
import type { ReadSource } from "./contract.ts";
import { storeSource } from "./store-source.ts";

export interface Sources extends AsyncDisposable {
  /** Media first, then bundles in the order of their numbers. */
  readonly list: readonly ReadSource[];
  /** What cannot be used, and why. */
  readonly bad: readonly { readonly name: string; readonly error: SluiceError }[];
  readonly notices: readonly string[];
}

/** Opens what is in these folders for import, media and bundles; writes nothing to them. Throws store_unusable, usage. */
export async function openSources(folders: readonly string[]): Promise<Sources> {
  const list: ReadSource[] = [];
  const opened: { close(): Promise<void> }[] = [];
  const others: string[] = [];
  for (const folder of new Set(folders.map((path) => resolve(path)))) {
    if (!(await isMedium(folder))) {
      others.push(folder);
      continue;
    }
    const store = await openDirectoryReader(folder, { isForeign: true });
    opened.push(store);
    list.push(storeSource(store, "medium", `the medium ${folder}`));
  }
  const found = await findBundles(others);
  if (list.length + found.bundles.length + found.bad.size === 0)
    throw new SluiceError(
      "usage",
      `There is nothing to import in ${others.join(", ")}: give the folder of a medium, or of a bundle with its manifest.json.`,
    );
  const bad = [...found.bad].map(([folder, error]) => ({ name: `the bundle in ${folder}`, error }));
  for (const [bundle, all] of inOrder(found.bundles)) {
    try {
      list.push(await bundleSource(bundle, all));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      bad.push({ name: nameOf(bundle), error });
    }
  }
  return {
    list,
    bad,
    notices: strayNotices(found),
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
    },
  };
}

function strayNotices({ strays }: Found): string[] {
  return strays.map(
    (path) => `${path} is a part of none of these bundles: it is of another one, or of an older run.`,
  );
}
