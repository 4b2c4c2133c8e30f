import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pathFault } from "../base/path.ts";
import { sha256 } from "../base/digest.ts";
import { memoryStore } from "../store/memory.ts";
import { encodeManifest, parseManifest, readManifest, type ManifestEntry } from "./manifest.ts";

const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const entry: fc.Arbitrary<ManifestEntry> = fc.record(
  {
    path: fc
      .string({ unit: "binary", minLength: 1, maxLength: 30 })
      .filter((path) => pathFault(path) === undefined),
    sha256: hex,
    size: fc.nat(),
    kind: fc.constantFrom("root" as const, "metadata" as const, "package" as const),
    from: fc.string(),
    name: fc.string(),
    version: fc.string(),
    arch: fc.string(),
    evidence: fc.string(),
  },
  { requiredKeys: ["path", "sha256", "size", "kind", "from"] },
);

test("a manifest reads back, sorted by the bytes of path, and does not depend on the order it was made in", () => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: (one) => one.path }), (entries) => {
      const bytes = encodeManifest(entries);
      assert.deepEqual(encodeManifest(entries.toReversed()), bytes);
      const back = parseManifest(bytes, "m@id");
      const order = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
      assert.deepEqual(
        back,
        order.map((one) => JSON.parse(JSON.stringify(one)) as ManifestEntry),
      );
    }),
  );
});

test("keys stand in the order of the format", () => {
  const one = {
    arch: "all",
    version: "1",
    name: "n",
    from: "f",
    kind: "package",
    size: 1,
    sha256: "0".repeat(64),
    path: "p",
  } as const;
  assert.equal(
    encodeManifest([one]).toString(),
    `{"format":1}\n{"path":"p","sha256":"${"0".repeat(64)}","size":1,"kind":"package","from":"f","name":"n","version":"1","arch":"all"}\n`,
  );
});

test("a cut, altered or hostile manifest is refused", () => {
  const good = encodeManifest([{ path: "a", sha256: "0".repeat(64), size: 1, kind: "root", from: "a" }]);
  const bad = [
    good.subarray(0, good.length - 1),
    Buffer.from(good.toString().replace('"format":1', '"format":2')),
    Buffer.from(good.toString().replace('"path":"a"', '"path":"../a"')),
    Buffer.from(good.toString().replace('"size":1', '"size":-1')),
    Buffer.from(`${good.toString()}null\n`),
    Buffer.from(`${good.toString()}{\n`),
    Buffer.alloc(0),
  ];
  for (const bytes of bad) assert.throws(() => parseManifest(bytes, "m@id"), { code: "manifest_invalid" });
});

test("what says the same in other bytes is refused", () => {
  const at = (path: string): ManifestEntry => ({
    path,
    sha256: "0".repeat(64),
    size: 1,
    kind: "package",
    from: path,
    name: "é",
    version: "1",
    arch: "all",
    evidence: "sig",
  });
  const good = encodeManifest([at("a"), at("b")]);
  parseManifest(good, "m@id");
  const [head = "", first = "", second = ""] = good.toString().split("\n");
  const changed = (from: string, to: string): string => {
    assert.ok(first.includes(from), from);
    return `${head}\n${first.replace(from, to)}\n${second}\n`;
  };
  const bad = [
    `${head}\n${second}\n${first}\n`,
    `${head}\n${first}\n${first}\n`,
    changed("{", '{"more":1,'),
    changed("}", ',"evidence":"other"}'),
    changed('"size":1', '"size":1.0'),
    changed('"size":1,"kind":"package"', '"kind":"package","size":1'),
    changed('"path":"a"', '"path":"\\u0061"'),
    changed('"0000', '["0000').replace('0","size"', '0"],"size"'),
    changed('"name":"é"', '"name":1'),
    changed('"version":"1"', '"version":{}'),
    changed('"arch":"all"', '"arch":null'),
    changed('"evidence":"sig"', '"evidence":[]'),
  ];
  for (const text of bad)
    assert.throws(() => parseManifest(Buffer.from(text), "m@id"), { code: "manifest_invalid" }, text);
  const latin = Buffer.from(good.toString(), "latin1");
  assert.throws(() => parseManifest(latin, "m@id"), { code: "manifest_invalid" });
});

test("of a manifest no more is read than its record says", async () => {
  const bytes = encodeManifest([]);
  const store = memoryStore();
  const session = await store.begin();
  await session.putBlob(bytes, { digests: {} });
  await session.end();
  const read = async (size: number): Promise<ManifestEntry[]> =>
    readManifest(store, { sha256: sha256(bytes), size }, "m@id");
  assert.deepEqual(await read(bytes.length), []);
  await assert.rejects(read(bytes.length - 1), { code: "blob_corrupt" });
});
