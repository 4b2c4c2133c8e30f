import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isRefName } from "../../store/ref-names.ts";
import { memoryStore } from "../../store/memory.ts";
import { decodeRefs, encodeRefs, recordsStore } from "./records.ts";

const name = fc
  .array(fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"))
  .filter(isRefName);
const versions = fc.uniqueArray(fc.integer({ min: 1, max: 1e15 - 1 }), { minLength: 1, maxLength: 4 });
const refs = fc.dictionary(name, versions, { maxKeys: 5 });

test("the records of a cargo read back as they were, whatever is in them", async () => {
  await fc.assert(
    fc.asyncProperty(refs, fc.string({ unit: "binary" }), async (wanted, text) => {
      const content = Buffer.from(text.toWellFormed());
      const store = memoryStore();
      const cargo = Object.entries(wanted).map(([name, numbers]) => ({ name, versions: numbers }));
      for (const { name, versions: numbers } of cargo)
        for (const number of numbers) assert.ok(await store.createRef(name, number, content));
      const read = recordsStore(decodeRefs(await encodeRefs(store, cargo), "Bundle 1"), new Map());
      assert.deepEqual(await read.listRefs(""), await store.listRefs(""));
      for (const { name, versions: numbers } of cargo) {
        assert.deepEqual(
          await read.refVersions(name),
          numbers.toSorted((a, b) => a - b),
        );
        for (const number of numbers) assert.deepEqual(await read.readRef(name, number), content);
      }
    }),
  );
});

test("a line that is no record is refused", () => {
  for (const line of [
    "{",
    "null",
    "[]",
    '{"ref":"../x","version":1,"text":""}',
    '{"ref":"x","version":1.5,"text":""}',
  ])
    assert.throws(() => decodeRefs(Buffer.from(`${line}\n`), "Bundle 1"), { code: "tar_unexpected" }, line);
});
