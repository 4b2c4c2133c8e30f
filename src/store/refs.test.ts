import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdentity, openIdentity, openSiteKey } from "../trust/identity.ts";
import { memoryStore } from "./memory.ts";
import {
  appendRef,
  assertRow,
  checkRef,
  isSignedBy,
  latestRef,
  refHistory,
  type Author,
  type SiteKey,
} from "./refs.ts";

async function author(): Promise<{ author: Author; key: SiteKey }> {
  const made = await createIdentity("test site");
  const { fingerprint, sign } = await openIdentity(made.privateKey);
  const key = await openSiteKey(made.publicKey);
  const siteKey = async (site: string) => (site === fingerprint ? key : undefined);
  return { author: { fingerprint, by: "me@here", sign, siteKey }, key };
}

test("versions are signed by the site's OpenPGP key, and chained", async () => {
  const store = memoryStore();
  const { author: me, key } = await author();
  const first = await appendRef(store, me, "channels/x", undefined, { body: { a: 1 }, why: "one", at: 0 });
  await appendRef(store, me, "channels/x", first, {
    body: { a: 2, b: undefined, "ü\u2028": [1.5, '"\n'] },
    why: "two",
    at: 1,
  });
  assert.deepEqual(await checkRef(store, "channels/x", async () => key), []);
  assert.deepEqual(
    (await refHistory<{ a: number }>(store, "channels/x")).map(({ body }) => body.a),
    [1, 2],
  );
  assert.deepEqual(await checkRef(store, "channels/x", async () => undefined), [
    `refs/channels/x/1.json: is signed by the unknown site ${me.fingerprint}.`,
    `refs/channels/x/2.json: is signed by the unknown site ${me.fingerprint}.`,
  ]);
});

test("any change of what a version says breaks its signature", async () => {
  const { author: me, key } = await author();
  for (const [old, fresh] of [
    ["one", "two"],
    ["me@here", "you@here"],
    ['"a": 1', '"a": 2'],
    ["1970", "1971"],
  ] as const) {
    const store = memoryStore();
    await appendRef(store, me, "channels/x", undefined, { body: { a: 1 }, why: "one", at: 0 });
    const read = store.readRef.bind(store);
    store.readRef = async (name, version) => {
      const text = String(await read(name, version));
      assert.ok(text.includes(old));
      return Buffer.from(text.replace(old, fresh));
    };
    assert.match((await checkRef(store, "channels/x", async () => key)).join(), /was altered/);
  }
});

test("a signature by another site's key does not count", async () => {
  const store = memoryStore();
  const [{ author: me }, { key: other }] = [await author(), await author()];
  await appendRef(store, me, "channels/x", undefined, { body: {}, why: "", at: 0 });
  assert.match((await checkRef(store, "channels/x", async () => other)).join(), /does not match/);
});

test("of two writers on one state, one is told that it lost", async () => {
  const store = memoryStore();
  const { author: me } = await author();
  const change = { body: {}, why: "", at: 0 };
  const all = await Promise.allSettled(
    Array.from({ length: 8 }, async () => appendRef(store, me, "channels/x", undefined, change)),
  );
  assert.equal(all.filter((one) => one.status === "fulfilled").length, 1);
  assert.equal((await latestRef(store, "channels/x"))?.version, 1);
});

test("nothing is written behind a version that is not as it was signed", async () => {
  const store = memoryStore();
  const { author: me } = await author();
  const change = { body: { a: 1 }, why: "one", at: 0 };
  await appendRef(store, me, "channels/x", undefined, change);
  const read = store.readRef.bind(store);
  const sound = await latestRef(store, "channels/x");
  store.readRef = async (name, version) =>
    Buffer.from(String(await read(name, version)).replace("one", "two"));
  const altered = await latestRef(store, "channels/x");
  const refused = {
    code: "ref_corrupt",
    message: "refs/channels/x/1.json is damaged or was altered: restore it from a backup.",
  };
  await assert.rejects(appendRef(store, me, "channels/x", altered, change), refused);
  // Nor where it was damaged after it was read.
  await assert.rejects(appendRef(store, me, "channels/x", sound, change), refused);
  store.readRef = read;
  assert.deepEqual(await store.refVersions("channels/x"), [1]);
  await assert.rejects(appendRef(store, me, "channels/x", altered, change), refused);
  await appendRef(store, me, "channels/x", sound, change);
  const { author: other } = await author();
  await assert.rejects(appendRef(store, other, "channels/x", await latestRef(store, "channels/x"), change), {
    code: "ref_corrupt",
  });
});

test("of a row, the version that was altered is named, wherever it is", async () => {
  const store = memoryStore();
  const { author: me } = await author();
  for (const at of [1, 2, 3, 4])
    await appendRef(store, me, "x", await latestRef(store, "x"), { body: { at }, why: "why", at });
  const holds = async () => assertRow(store, await refHistory(store, "x"), me.siteKey);
  await holds();
  const read = store.readRef.bind(store);
  for (const damaged of [1, 2, 3, 4]) {
    for (const [old, fresh] of [
      ['"why": "why"', '"why": "shy"'],
      [/"previous": "?[0-9a-fnul]*"?/, `"previous": "${"0".repeat(64)}"`],
    ] as const) {
      store.readRef = async (name, version) => {
        const bytes = await read(name, version);
        return version === damaged ? Buffer.from(String(bytes).replace(old, fresh)) : bytes;
      };
      await assert.rejects(holds(), {
        message: `refs/x/${damaged}.json is damaged or was altered: restore it from a backup.`,
      });
    }
  }
  await assertRow(store, [], me.siteKey);
});

test("damage is a sentence that names the file, not a crash", async () => {
  for (const bytes of [
    "",
    "null",
    "{",
    "[]",
    '{"payload":{}}',
    '{"payload":{"format":1,"ref":"other","version":1},"signatures":[]}',
  ]) {
    const store = memoryStore();
    await store.createRef("channels/x", 1, Buffer.from(bytes));
    await assert.rejects(latestRef(store, "channels/x"), { code: "ref_corrupt" });
    assert.match(
      (await checkRef(store, "channels/x", async () => undefined)).join(),
      /^refs\/channels\/x\/1\.json is damaged/,
    );
  }
});

test("a version that is not of the form is damaged, whatever is wrong with it", async () => {
  const { author: me, key } = await author();
  const written = memoryStore();
  await appendRef(written, me, "channels/x", undefined, { body: { a: 1 }, why: "one", at: 0 });
  const text = String(await written.readRef("channels/x", 1));
  const changes: readonly ((envelope: {
    payload: Record<string, unknown>;
    signatures: unknown[];
  }) => void)[] = [
    ({ payload }) => (payload["body"] = null),
    ({ payload }) => (payload["at"] = "yesterday"),
    ({ payload }) => (payload["at"] = "2026-02-30T00:00:00.000Z"),
    ({ payload }) => (payload["by"] = {}),
    ({ payload }) => (payload["why"] = 1),
    ({ payload }) => (payload["site"] = [me.fingerprint]),
    ({ payload }) => (payload["previous"] = 1),
    ({ signatures }) => signatures.unshift(null),
    ({ signatures }) => signatures.unshift({ site: me.fingerprint, signature: 7 }),
  ];
  for (const change of changes) {
    const store = memoryStore();
    const envelope = JSON.parse(text) as { payload: Record<string, unknown>; signatures: unknown[] };
    change(envelope);
    await store.createRef("channels/x", 1, Buffer.from(JSON.stringify(envelope)));
    const said = JSON.stringify(envelope).slice(0, 200);
    await assert.rejects(latestRef(store, "channels/x"), { code: "ref_corrupt" }, said);
    assert.match(
      (await checkRef(store, "channels/x", async () => key)).join(),
      /damaged or was altered/,
      said,
    );
    await assert.rejects(isSignedBy(store, "channels/x", 1, key), { code: "ref_corrupt" }, said);
  }
});

test("what has no canonical form was signed by nobody", async () => {
  const { author: me, key } = await author();
  for (const odd of ['"\\ud800"', `${"[".repeat(5000)}${"]".repeat(5000)}`]) {
    const store = memoryStore();
    await appendRef(store, me, "channels/x", undefined, { body: { a: 1 }, why: "one", at: 0 });
    const text = String(await store.readRef("channels/x", 1)).replace('"a": 1', `"a": ${odd}`);
    store.refs.get("channels/x")?.set(1, Buffer.from(text));
    const [version] = await refHistory(store, "channels/x");
    assert.ok(version !== undefined);
    await assert.rejects(assertRow(store, [version], me.siteKey), { code: "ref_corrupt" });
    assert.match((await checkRef(store, "channels/x", async () => key)).join(), /signature does not match/);
  }
});
