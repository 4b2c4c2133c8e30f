import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { SluiceError, type ErrorCode } from "../base/errors.ts";
import type { ReadStore } from "./contract.ts";
import { checkBlob } from "./checks.ts";
import { provenBlob } from "./proven.ts";

const sha = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest("hex");

/** A store whose blob answers these bytes, one after the other, however often it is read. */
function storeOf(...answers: readonly Buffer[]): ReadStore & { reads: number } {
  const store = {
    reads: 0,
    next: () => answers[Math.min(store.reads++, answers.length - 1)] ?? Buffer.of(),
    openBlob: async () => Readable.from([...chunks(store.next())]),
    readBlob: async (sha256: string) => checkBlob(sha256, store.next()),
  };
  return store as unknown as ReadStore & { reads: number };
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function code(wanted: ErrorCode, run: Promise<unknown>): Promise<void> {
  await assert.rejects(run, (error: unknown) => error instanceof SluiceError && error.code === wanted);
}

for (const size of [1000, 6_000_000]) {
  describe(`a blob of ${size} bytes`, () => {
    const good = Buffer.alloc(size, "x");
    const bad = Buffer.concat([good.subarray(0, -1), Buffer.from("y")]);
    const blob = { sha256: sha("sha256", good), size };
    const all = async (store: ReadStore, digests = {}): Promise<Buffer> =>
      Buffer.concat(await Array.fromAsync(provenBlob(store, blob, digests)));

    test("comes whole, and is not read before it is asked for", async () => {
      const store = storeOf(good);
      const unread = provenBlob(store, blob);
      await unread.return(undefined);
      assert.equal(store.reads, 0);
      assert.ok((await all(store, { sha256: blob.sha256, sha512: sha("sha512", good) })).equals(good));
    });

    test("gives nothing where it is not what its name says", async () => {
      const given: Uint8Array[] = [];
      const reading = (async () => {
        for await (const chunk of provenBlob(storeOf(bad), blob)) given.push(chunk);
      })();
      await code("blob_corrupt", reading);
      assert.deepEqual(given, []);
    });

    test("nor where it is not what was signed besides", async () => {
      await code("digest_mismatch", all(storeOf(good), { sha512: sha("sha512", bad) }));
    });
  });
}

test("a large blob that changes between its two readings ends with an error", async () => {
  const good = Buffer.alloc(6_000_000, "x");
  const blob = { sha256: sha("sha256", good), size: good.length };
  const store = storeOf(good, Buffer.alloc(6_000_000, "y"));
  await code("blob_corrupt", Array.fromAsync(provenBlob(store, blob)));
});
