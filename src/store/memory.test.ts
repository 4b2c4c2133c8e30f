import { memoryStore } from "./memory.ts";
import { storeContract } from "./suite.test-helper.ts";

storeContract("memory", async () => {
  const store = memoryStore();
  return {
    store,
    reopen: async () => store,
    async damage(sha256) {
      const blob = store.blobs.get(sha256);
      if (blob === undefined) throw new Error(`no blob ${sha256}`);
      blob.bytes[0] = (blob.bytes[0] ?? 0) ^ 1;
    },
    cleanup: () => store.close(),
  };
});
