import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { OpenBlob } from "../store/contract.ts";
import { Chunks } from "./chunks.ts";

const LARGE = 2 ** 19;
const SMALL = 2 ** 16;
const SIZE = 5 * LARGE + 1000;

/** A file of bytes that depend on its stamp and their place; `reads` fills with where it was read. */
function fileOf(stamp: string, size = SIZE): OpenBlob & { reads: number[] } {
  const seed = createHash("sha256").update(stamp).digest();
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1000) {
    seed.copy(bytes, at);
    bytes.writeUInt32LE(at, at);
  }
  const reads: number[] = [];
  return {
    stamp,
    size,
    reads,
    async read(into, position) {
      reads.push(position);
      // A file system may give less than it was asked for.
      return bytes.copy(into, 0, position, position + 300_000);
    },
    close: async () => undefined,
  };
}

async function bytesOf(file: OpenBlob, position: number, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length);
  for (let have = 0; have < length;) {
    const count = await file.read(into.subarray(have), position + have);
    if (count === 0) return into.subarray(0, have);
    have += count;
  }
  return into;
}

test("what one has read, others take from memory, at the same time or later, each from where it is", async () => {
  const chunks = new Chunks(4 * LARGE);
  const file = fileOf("a");
  const [first, second] = await Promise.all([chunks.read(file, 0, SIZE), chunks.read(file, 1000, SIZE)]);
  assert.deepEqual([first.bytes.length, second.bytes.length], [LARGE, LARGE - 1000]);
  first.release(true);
  second.release(true);
  const third = await chunks.read(fileOf("a"), 5000, 200_000);
  assert.equal(third.bytes.buffer, first.bytes.buffer);
  assert.deepEqual(third.bytes, await bytesOf(fileOf("a"), 5000, 200_000));
  assert.deepEqual(file.reads, [0, 300_000]);
});

test("a file with another stamp is read, whatever is held of the one that was in its place", async () => {
  const chunks = new Chunks(4 * LARGE);
  (await chunks.read(fileOf("old"), 0, SIZE)).release(true);
  const { bytes } = await chunks.read(fileOf("new"), 0, SIZE);
  assert.deepEqual(bytes, await bytesOf(fileOf("new"), 0, LARGE));
});

test("with all large chunks in use others get small ones; what is given back is used again", async () => {
  const chunks = new Chunks(2 * LARGE);
  const lengths = [];
  const taken = [];
  for (const name of ["a", "b", "c", "d"]) {
    const chunk = await chunks.read(fileOf(name), 0, SIZE);
    taken.push(chunk);
    lengths.push(chunk.bytes.length);
  }
  assert.deepEqual(lengths, [LARGE, LARGE, SMALL, SMALL]);
  const [a, b, c] = taken;
  a?.release(true);
  c?.release(true);
  const memory = async (name: string) => (await chunks.read(fileOf(name), 0, SIZE)).bytes.buffer;
  assert.equal(await memory("e"), a?.bytes.buffer);
  assert.equal(await memory("f"), c?.bytes.buffer);
  // A client that has gone may leave the kernel looking at it.
  b?.release(false);
  const fresh = await chunks.read(fileOf("g"), 0, SIZE);
  assert.equal(fresh.bytes.length, LARGE);
  assert.notEqual(fresh.bytes.buffer, b?.bytes.buffer);
});

test("the least recently used make room", async () => {
  const chunks = new Chunks(2 * LARGE);
  const files = { a: fileOf("a"), b: fileOf("b"), c: fileOf("c") };
  for (const name of ["a", "b", "a", "c", "a", "b"] as const) {
    (await chunks.read(files[name], 0, SIZE)).release(true);
  }
  const loads = ({ reads }: { reads: number[] }) => reads.filter((position) => position === 0).length;
  assert.deepEqual([loads(files.a), loads(files.b), loads(files.c)], [1, 2, 1]);
});

test("a small part is read alone", async () => {
  const chunks = new Chunks(4 * LARGE);
  const file = fileOf("a");
  const { bytes } = await chunks.read(file, LARGE + 5, 10);
  assert.deepEqual([bytes, file.reads], [await bytesOf(fileOf("a"), LARGE + 5, 10), [LARGE + 5]]);
});

test("there is nothing behind the end, nor where the file has lost its end", async () => {
  const chunks = new Chunks(4 * LARGE);
  assert.equal((await chunks.read(fileOf("a"), SIZE, SIZE)).bytes.length, 0);
  assert.equal((await chunks.read(fileOf("a"), SIZE + 2 * LARGE, SIZE)).bytes.length, 0);
  const cut = { ...fileOf("cut", 2000), size: SIZE };
  assert.equal((await chunks.read(cut, 0, SIZE)).bytes.length, 2000);
  assert.equal((await chunks.read(cut, 4000, SIZE)).bytes.length, 0);
});

test("a read error reaches all who wait, is not remembered, and costs no memory", async () => {
  const chunks = new Chunks(LARGE);
  const bad = { ...fileOf("a"), read: () => Promise.reject(new Error("read error")) };
  for (let round = 0; round < 3; round++) {
    const all = await Promise.allSettled([chunks.read(bad, 0, SIZE), chunks.read(bad, 0, SIZE)]);
    assert.deepEqual(
      all.map(({ status }) => status),
      ["rejected", "rejected"],
    );
  }
  assert.equal((await chunks.read(fileOf("a"), 0, SIZE)).bytes.length, LARGE);
});

test("whatever is read and given back in whatever order, what is held stays what the file has", async () => {
  const names = ["a", "b", "c"];
  const steps = fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      position: fc.nat(SIZE),
      length: fc.constantFrom(10, SMALL, SMALL + 1, SIZE),
      give: fc.nat(5),
      reusable: fc.boolean(),
    }),
    { maxLength: 25 },
  );
  const originals = new Map(names.map((name) => [name, fileOf(name)]));
  await fc.assert(
    fc.asyncProperty(steps, async (asked) => {
      const chunks = new Chunks(2 * LARGE);
      const held: { bytes: Buffer; wanted: Buffer; release(reusable: boolean): void }[] = [];
      for (const { name, position, length, give, reusable } of asked) {
        const file = originals.get(name) ?? fileOf(name);
        const { bytes, release } = await chunks.read(file, position, length);
        held.push({ bytes, release, wanted: await bytesOf(file, position, bytes.length) });
        assert.ok(bytes.length > 0 || position === SIZE);
        for (const one of held) assert.ok(one.bytes.equals(one.wanted));
        if (give < held.length) held.splice(give, 1)[0]?.release(reusable);
      }
    }),
    { numRuns: 60 },
  );
});
