import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "../suite.test-helper.ts";
import { openDirectoryStore } from "./open.ts";
import { blobFile, flipBit } from "./temp.test-helper.ts";

for (const [name, options] of [
  ["directory", {}],
  ["directory, small files written by a thread", { alone: 0 }],
] as const)
  storeContract(name, async () => {
    const root = await mkdtemp(join(tmpdir(), "sluice-store-"));
    let store = await openDirectoryStore(root, options);
    return {
      store,
      async reopen() {
        await store.close();
        store = await openDirectoryStore(root, options);
        return store;
      },
      damage: async (sha256) => flipBit(blobFile(root, sha256)),
      async cleanup() {
        await store.close();
        await rm(root, { recursive: true, force: true });
      },
    };
  });
