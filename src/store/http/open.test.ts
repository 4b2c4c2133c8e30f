import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../../base/errors.ts";
import { sha256 } from "../../base/digest.ts";
import { httpStore, type Web } from "./open.ts";

/** A site of these answers, by their paths below the store; a text is a body. */
function webOf(answers: Readonly<Record<string, unknown>>): Web & { asked: string[] } {
  const asked: string[] = [];
  const find = (path: string): Buffer | undefined => {
    const name = path.replace("_/store/v1/", "");
    asked.push(name);
    const value = answers[name];
    if (value === undefined) return undefined;
    return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  };
  return {
    asked,
    async read(path, maxSize) {
      const bytes = find(path);
      if (bytes !== undefined && bytes.length > maxSize) throw new SluiceError("too_large", "too large");
      return bytes;
    },
    async open(path, offset) {
      const bytes = find(path)?.subarray(offset);
      if (bytes === undefined) return undefined;
      return { body: inPieces(bytes), length: bytes.length };
    },
  };
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
}

const page = (...names: string[]) => ({ refs: names.map((name) => ({ name, versions: [[1, 2]] })) });

test("blobs are read as of any store", async () => {
  const name = sha256("0123456789");
  const bad = sha256("other");
  const store = httpStore(webOf({ [`blobs/${name}`]: "0123456789", [`blobs/${bad}`]: "altered" }));
  assert.deepEqual(await store.statBlob(name), { sha256: name, size: 10 });
  assert.equal(await store.statBlob("a".repeat(64)), undefined);
  assert.equal(String(await store.readBlob(name)), "0123456789");
  await assert.rejects(store.readBlob(name, 9), { code: "too_large" });
  await assert.rejects(store.readBlob(bad), { code: "blob_corrupt" });
  await assert.rejects(store.readBlob("a".repeat(64)), { code: "blob_missing" });
  await assert.rejects(store.openBlob("a".repeat(64)), { code: "blob_missing" });
  for (const [start, end] of [
    [0, 9],
    [2, 2],
    [4, 8],
    [9, 9],
  ] as const) {
    const chunks = await (await store.openBlob(name, { start, end })).toArray();
    assert.equal(Buffer.concat(chunks as Buffer[]).toString(), "0123456789".slice(start, end + 1));
  }
});

test("records are asked for once, page by page, and old ones only where they are not at hand", async () => {
  const web = webOf({
    "refs?prefix=channels%2F&after=": { ...page("channels/a", "channels/b"), next: "channels/b" },
    "refs?prefix=channels%2F&after=channels%2Fb": page("channels/c"),
    "refs/identity": { versions: [[1, 3]] },
    "refs/identity/2.json": "two",
    "refs/identity/3.json": "three",
  });
  const store = httpStore(web, {
    known: async (name, version) => (version === 1 ? Buffer.from(`${name} 1`) : undefined),
  });
  assert.deepEqual(await store.listRefs("channels/"), ["channels/a", "channels/b", "channels/c"]);
  assert.deepEqual(await store.refVersions("channels/c"), [1, 2]);
  assert.deepEqual(await store.listRefs("channels/"), ["channels/a", "channels/b", "channels/c"]);
  assert.equal(web.asked.length, 2);
  await store.load(["identity", "identity"]);
  assert.deepEqual(web.asked.slice(2).toSorted(), [
    "refs/identity",
    "refs/identity/2.json",
    "refs/identity/3.json",
  ]);
  const read = await Promise.all([1, 2, 3, 4].map(async (version) => store.readRef("identity", version)));
  assert.deepEqual(read.map(String), ["identity 1", "two", "three", "undefined"]);
});

test("the newest version always comes from the other site", async () => {
  const web = webOf({ "refs/identity": { versions: [[1, 1]] }, "refs/identity/1.json": "theirs" });
  const store = httpStore(web, { known: async () => Buffer.from("ours") });
  assert.equal(String(await store.readRef("identity", 1)), "theirs");
});

test("whatever else answers is refused, and its lists are bounded", async () => {
  const versions = async (answer: unknown) =>
    httpStore(webOf({ "refs/identity": answer })).refVersions("identity");
  for (const answer of [
    "<html>",
    "5",
    {},
    { versions: 5 },
    { versions: [[2, 1]] },
    { versions: [[0, 1]] },
    {
      versions: [
        [1, 2],
        [2, 3],
      ],
    },
    { versions: [[1.5, 2]] },
    { versions: [[1, 2, 3]] },
    { versions: [null] },
    { versions: [[1, 1e12]] },
  ])
    await assert.rejects(versions(answer), { code: "store_foreign" }, JSON.stringify(answer));
  const list = async (answer: unknown) =>
    httpStore(webOf({ "refs?prefix=channels%2F&after=": answer })).listRefs("channels/");
  for (const answer of [
    {},
    { refs: [null] },
    page("snapshots/a"),
    page("channels/../a"),
    page("channels/b", "channels/a"),
    page("channels/a", "channels/a"),
    { ...page(), next: "channels/a" },
    { ...page("channels/a"), next: "channels/0" },
    { ...page("channels/a"), next: 5 },
  ])
    await assert.rejects(list(answer), { code: "store_foreign" }, JSON.stringify(answer));
  const endless = webOf({
    "refs?prefix=channels%2F&after=": { ...page("channels/a"), next: "channels/a" },
    "refs?prefix=channels%2F&after=channels%2Fa": { ...page(), next: "channels/a" },
  });
  await assert.rejects(httpStore(endless).listRefs("channels/"), { code: "store_foreign" });
  let pages = 0;
  const slow: Web = {
    ...endless,
    async read() {
      const name = `channels/${String(++pages).padStart(9, "0")}`;
      return Buffer.from(JSON.stringify({ ...page(name), next: name }));
    },
  };
  await assert.rejects(httpStore(slow).listRefs("channels/"), { code: "store_foreign" });
  assert.ok(pages <= 4000, `${pages} pages`);
});

test("a record of keys is read up to what one may have, since it comes before any trust", async () => {
  const asked: number[] = [];
  const web: Web = {
    ...webOf({}),
    async read(path, maxSize) {
      if (path.endsWith(".json")) asked.push(maxSize);
      return Buffer.from(JSON.stringify({ versions: [[1, 1]] }));
    },
  };
  const store = httpStore(web);
  for (const name of ["identity", `sites/${"A".repeat(40)}/identity`, "channels/identity"])
    await store.readRef(name, 1);
  assert.deepEqual(asked, [2 ** 18, 2 ** 18, 2 ** 26]);
});
