import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { body, exactly, failsWith, listed, noise, opener, sha256, text } from "./suite-tools.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

const LARGE = noise(900_000, "large");

export function incomingSuite(name: string, openStore: OpenStore): void {
  describe(`${name}: files on their way in`, () => {
    const open = opener(openStore);

    for (const [kind, bytes] of [
      ["small", text("a small file")],
      ["large", LARGE],
      ["empty", text("")],
    ] as const)
      test(`a ${kind} file in two bodies`, async () => {
        const { store } = await open();
        const session = await store.begin();
        const incoming = await session.incoming(exactly(bytes), `key of ${kind}`);
        const half = bytes.length >> 1;
        assert.equal(incoming.have, 0);
        await incoming.append(body([bytes.subarray(0, half)]));
        assert.equal(incoming.have, half);
        await incoming.append(body([bytes.subarray(half)]));
        assert.equal(incoming.have, bytes.length);
        assert.deepEqual(await listed(store), []);
        assert.deepEqual(await incoming.commit(), { sha256: sha256(bytes), size: bytes.length });
        assert.ok((await store.readBlob(sha256(bytes))).equals(bytes));
        await incoming.release();
        await session.end();
      });

    for (const bytes of [text("broken off"), LARGE])
      test(`${bytes.length} bytes before an error are kept, and the next body goes on from them`, async () => {
        const { store } = await open();
        const session = await store.begin();
        for (const key of [undefined, "a key"]) {
          const incoming = await session.incoming(exactly(bytes), key);
          const half = bytes.length >> 1;
          const failure = new Error("connection reset");
          await assert.rejects(incoming.append(body([bytes.subarray(0, half)], failure)), failure);
          assert.equal(incoming.have, half);
          await incoming.append(body([bytes.subarray(half)]));
          await incoming.commit();
          assert.ok((await store.readBlob(sha256(bytes))).equals(bytes));
          await store.deleteBlobs([sha256(bytes)]);
        }
      });

    test("past the expected size it stops, and forgets what it had", async () => {
      const { store } = await open();
      const session = await store.begin();
      for (const expect of [
        { digests: {}, size: 5 },
        { digests: {}, maxSize: 5 },
      ]) {
        const incoming = await session.incoming(expect, "too large");
        await assert.rejects(incoming.append(body([text("123"), text("456")])), failsWith("too_large"));
        assert.equal(incoming.have, 0);
        await incoming.append(body([text("12345")]));
        assert.equal((await incoming.commit()).size, 5);
      }
    });

    test("a body without end is not read to its end", async () => {
      const { store } = await open();
      const session = await store.begin();
      const incoming = await session.incoming({ digests: {}, maxSize: 1000 });
      let chunks = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (; ; chunks++) yield text("0123456789");
      }
      await assert.rejects(incoming.append(endless()), failsWith("too_large"));
      assert.equal(chunks, 100);
    });

    for (const bytes of [text("right"), LARGE])
      test(`${bytes.length} wrong bytes are refused and forgotten; the place can be used again`, async () => {
        const { store } = await open();
        const session = await store.begin();
        const incoming = await session.incoming(exactly(bytes), "wrong");
        const wrong = Buffer.from(bytes);
        wrong[0] = (wrong[0] ?? 0) ^ 1;
        await incoming.append(body([wrong]));
        await assert.rejects(incoming.commit(), failsWith("digest_mismatch"));
        assert.equal(incoming.have, 0);
        assert.deepEqual(await listed(store), []);
        await incoming.append(body([bytes]));
        await incoming.commit();
        assert.ok((await store.readBlob(sha256(bytes))).equals(bytes));
      });

    test("a short file is refused", async () => {
      const { store } = await open();
      const session = await store.begin();
      const incoming = await session.incoming({ digests: {}, size: 10 });
      await incoming.append(body([text("short")]));
      await assert.rejects(incoming.commit(), failsWith("digest_mismatch"));
      assert.deepEqual(await listed(store), []);
    });

    test("reset forgets what was received", async () => {
      const { store } = await open();
      const session = await store.begin();
      const incoming = await session.incoming({ digests: {} }, "reset");
      await incoming.append(body([LARGE]));
      await incoming.reset();
      assert.equal(incoming.have, 0);
      await incoming.append(body([text("fresh")]));
      assert.deepEqual(await incoming.commit(), { sha256: sha256(text("fresh")), size: 5 });
    });

    for (const bytes of [text("to be continued"), LARGE])
      test(`${bytes.length} bytes: what was released is there for the next run`, async () => {
        const { store, reopen } = await open();
        const half = bytes.length >> 1;
        const first = await (await store.begin()).incoming(exactly(bytes), "resume");
        await first.append(body([bytes.subarray(0, half)]));
        await first.release();
        const session = await (await reopen()).begin();
        const other = await session.incoming(exactly(bytes), "another key");
        assert.equal(other.have, 0);
        const second = await session.incoming(exactly(bytes), "resume");
        assert.equal(second.have, half);
        await second.append(body([bytes.subarray(half)]));
        assert.equal((await second.commit()).sha256, sha256(bytes));
        const third = await session.incoming(exactly(bytes), "resume");
        assert.equal(third.have, 0);
      });

    test("the end of a session releases what is open", async () => {
      const { store, reopen } = await open();
      const session = await store.begin();
      const incoming = await session.incoming(exactly(LARGE), "left open");
      await incoming.append(body([LARGE.subarray(0, 400_000)]));
      await session.end();
      const next = await (await (await reopen()).begin()).incoming(exactly(LARGE), "left open");
      assert.equal(next.have, 400_000);
    });

    test("without a key nothing is kept", async () => {
      const { store, reopen } = await open();
      const incoming = await (await store.begin()).incoming(exactly(LARGE));
      await incoming.append(body([LARGE.subarray(0, 500_000)]));
      await incoming.release();
      const again = await reopen();
      assert.equal(await again.sweep(-1000), 0);
      assert.equal((await (await again.begin()).incoming(exactly(LARGE))).have, 0);
    });

    test("a partial that is longer than what is expected now is forgotten", async () => {
      const { store } = await open();
      const session = await store.begin();
      const long = await session.incoming({ digests: {} }, "shrunk");
      await long.append(body([LARGE]));
      await long.release();
      const short = await session.incoming({ digests: {}, size: 5 }, "shrunk");
      assert.equal(short.have, 0);
      await short.append(body([text("short")]));
      assert.equal((await short.commit()).size, 5);
    });

    test("a second opener of a key works for itself, in the same session and in another", async () => {
      const { store } = await open();
      const sessions = [await store.begin(), await store.begin()];
      const [one, two] = sessions;
      assert.ok(one !== undefined && two !== undefined);
      const all = [
        await one.incoming(exactly(LARGE), "shared"),
        await one.incoming(exactly(LARGE), "shared"),
        await two.incoming(exactly(LARGE), "shared"),
      ];
      for (const incoming of all) await incoming.append(body([LARGE.subarray(0, 300_000)]));
      for (const incoming of all) await incoming.append(body([LARGE.subarray(300_000)]));
      for (const incoming of all) assert.equal((await incoming.commit()).sha256, sha256(LARGE));
      assert.ok((await store.readBlob(sha256(LARGE))).equals(LARGE));
    });

    test("a file that is there already is not written again", async () => {
      const { store } = await open();
      const session = await store.begin();
      for (let turn = 0; turn < 2; turn++) {
        const incoming = await session.incoming(exactly(LARGE), "twice");
        await incoming.append(body([LARGE]));
        await incoming.commit();
        await assert.rejects(incoming.append(body([LARGE])), failsWith("internal"));
      }
      assert.deepEqual(await listed(store), [sha256(LARGE)]);
    });

    test("however a body is cut and broken off, the blob is the same", async () => {
      const { store } = await open();
      const session = await store.begin();
      const cut = fc.array(fc.integer({ min: 0, max: LARGE.length }), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(cut, fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), async (cuts, ends) => {
          const edges = [0, ...cuts.toSorted((a, b) => a - b), LARGE.length];
          let incoming = await session.incoming(exactly(LARGE), "property");
          for (const [index, edge] of edges.slice(1).entries()) {
            const piece = LARGE.subarray(edges[index] ?? 0, edge);
            await incoming.append(body([piece], new Error("cut"))).catch(() => undefined);
            if (!ends[index]) continue;
            await incoming.release();
            incoming = await session.incoming(exactly(LARGE), "property");
            assert.equal(incoming.have, edge);
          }
          assert.equal((await incoming.commit()).sha256, sha256(LARGE));
          assert.ok((await store.readBlob(sha256(LARGE))).equals(LARGE));
          await store.deleteBlobs([sha256(LARGE)]);
        }),
        { numRuns: 25 },
      );
    });
  });
}
