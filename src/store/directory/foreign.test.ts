import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDirectoryReader, openDirectoryStore } from "./open.ts";

async function medium(
  context: TestContext,
): Promise<{ root: string; sha256: string; blob: string; ref: string }> {
  const root = mkdtempSync(join(tmpdir(), "sluice-medium-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const store = await openDirectoryStore(root);
  const session = await store.begin();
  const { sha256 } = await session.putBlob(Buffer.from("bytes"), { digests: {} });
  await session.barrier();
  await session.end();
  await store.createRef("channels/stable", 1, Buffer.from("{}"));
  await store.close();
  const blob = join(root, "blobs/sha256", sha256.slice(0, 2), sha256.slice(2));
  return { root, sha256, blob, ref: join(root, "refs/channels/stable/1.json") };
}

const pipe = (path: string): unknown => assert.equal(spawnSync("mkfifo", [path]).status, 0);
const link = (path: string): void => {
  renameSync(path, `${path}.aside`);
  symlinkSync(`${path}.aside`, path);
};
const instead = (make: (path: string) => unknown) => (path: string) => {
  unlinkSync(path);
  make(path);
};

test(
  "links, pipes and sockets on a medium are refused wherever they are, and not waited for",
  { timeout: 10_000 },
  async (context) => {
    const kinds = { link, pipe: instead(pipe), device: instead((path) => symlinkSync("/dev/zero", path)) };
    for (const [kind, plant] of Object.entries(kinds)) {
      const { root, sha256, blob, ref } = await medium(context);
      plant(blob);
      plant(ref);
      const store = await openDirectoryReader(root, { isForeign: true });
      const refused = { code: "medium_unsafe" };
      await assert.rejects(store.statBlob(sha256), refused, kind);
      await assert.rejects(store.openBlob(sha256), refused, kind);
      await assert.rejects(store.readBlob(sha256), refused, kind);
      await assert.rejects(store.readRef("channels/stable", 1), refused, kind);
      await assert.rejects(store.listRefs(""), refused, kind);
    }
  },
);

test("a folder of a medium that is a link is refused", async (context) => {
  for (const folder of ["blobs", "blobs/sha256", "refs", "refs/channels", "refs/channels/stable"]) {
    const { root, sha256 } = await medium(context);
    link(join(root, folder));
    const store = await openDirectoryReader(root, { isForeign: true });
    await assert.rejects(
      async () => {
        await store.statBlob(sha256);
        await store.readRef("channels/stable", 1);
      },
      { code: "medium_unsafe" },
      folder,
    );
    await assert.rejects(
      async () => [await store.refVersions("channels/stable"), await store.readBlob(sha256)],
      {
        code: "medium_unsafe",
      },
    );
  }
});

test(
  "a store of one's own may lie behind links, but waits for no pipe",
  { timeout: 10_000 },
  async (context) => {
    const { root, sha256, blob, ref } = await medium(context);
    link(join(root, "blobs"));
    const store = await openDirectoryReader(root);
    assert.equal(String(await store.readBlob(sha256)), "bytes");
    instead(pipe)(ref);
    assert.equal(await store.readRef("channels/stable", 1), undefined);
    instead(pipe)(blob);
    await assert.rejects(store.readBlob(sha256), { code: "blob_missing" });
    unlinkSync(ref);
    writeFileSync(ref, "");
    spawnSync("truncate", ["-s", "65M", ref]);
    await assert.rejects(store.readRef("channels/stable", 1), { code: "too_large" });
  },
);
