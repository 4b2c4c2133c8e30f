import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadStore } from "../store/contract.ts";
import { memoryStore } from "../store/memory.ts";
import { appendRef, latestRef, type Author } from "../store/refs.ts";
import { createIdentity, openIdentity, openSiteKey, type Identity } from "../trust/identity.ts";
import { beginIdentityRow, IDENTITY, readIdentityRow, type IdentityRecord } from "./identity-row.ts";

const AT = Date.UTC(2026, 0, 1);

async function identity(name: string): Promise<Identity> {
  return openIdentity((await createIdentity(name, () => AT)).privateKey, () => AT);
}

function author(of: Identity): Author {
  const siteKey = async (fingerprint: string) =>
    [firstKey, secondKey].find((key) => key.fingerprint === fingerprint);
  return { fingerprint: of.fingerprint, by: "root@test", sign: of.sign, siteKey };
}

const [first, second] = await Promise.all([identity("first"), identity("second")]);
const [firstKey, secondKey] = await Promise.all([
  openSiteKey(first.publicKey),
  openSiteKey(second.publicKey),
]);

async function begun() {
  const store = memoryStore();
  await beginIdentityRow(store, author(first), first, AT);
  return store;
}

/** Goes on to a key, signed by these. */
async function goOn(
  store: ReturnType<typeof memoryStore>,
  to: Identity,
  by: Identity,
  also: readonly Identity[],
) {
  const before = await latestRef<IdentityRecord>(store, IDENTITY);
  const body: IdentityRecord = { fingerprint: to.fingerprint, key: to.publicKey, revoked: [] };
  await appendRef(store, author(by), IDENTITY, before, { body, why: "test", at: AT + 1000, also });
}

test("a row begins once, with the first key", async () => {
  const store = await begun();
  await beginIdentityRow(store, author(second), second, AT);
  const row = await readIdentityRow(store);
  assert.deepEqual([row?.id, row?.current, row?.version], [first.fingerprint, first.fingerprint, 1]);
  assert.equal(await readIdentityRow(memoryStore()), undefined);
});

test("a rotation keeps the name of the site and both keys", async () => {
  const store = await begun();
  await goOn(store, second, first, [second]);
  const row = await readIdentityRow(store);
  assert.deepEqual([row?.id, row?.current], [first.fingerprint, second.fingerprint]);
  assert.deepEqual([...(row?.keys.keys() ?? [])], [first.fingerprint, second.fingerprint]);
});

test("a key that the one before it did not sign for, or that did not sign itself, breaks the row", async () => {
  const stranger = await begun();
  await goOn(stranger, second, second, []);
  await assert.rejects(readIdentityRow(stranger), {
    code: "identity_bad",
    message: /not signed by the key before it/,
  });
  const unwilling = await begun();
  await goOn(unwilling, second, first, []);
  await assert.rejects(readIdentityRow(unwilling), {
    code: "identity_bad",
    message: /by the key that it brings/,
  });
});

test("a row that came from another site is read where it lies", async () => {
  const store = await begun();
  const bytes = await store.readRef(IDENTITY, 1);
  const other = memoryStore();
  const folder = `sites/${first.fingerprint}/`;
  assert.ok(bytes !== undefined);
  await other.createRef(`${folder}${IDENTITY}`, 1, bytes);
  assert.equal((await readIdentityRow(other, folder))?.id, first.fingerprint);
  assert.equal(await readIdentityRow(other), undefined);
});

test("a revocation counts from its time on", async () => {
  const store = await begun();
  const before = await latestRef<IdentityRecord>(store, IDENTITY);
  const since = new Date(AT + 5000).toISOString();
  const revoked = [{ fingerprint: first.fingerprint, since, why: "stolen" }];
  const body: IdentityRecord = { fingerprint: second.fingerprint, key: second.publicKey, revoked };
  await appendRef(store, author(first), IDENTITY, before, {
    body,
    why: "stolen",
    at: AT + 6000,
    also: [second],
  });
  const row = await readIdentityRow(store);
  assert.equal(row?.keys.get(first.fingerprint)?.revokedSince, AT + 5000);
  assert.equal(row.keys.get(second.fingerprint)?.revokedSince, undefined);
});

test("a record that does not hold what it should makes no row, although its key signed it", async () => {
  const sound = { fingerprint: first.fingerprint, key: first.publicKey, revoked: [] };
  const revoked = { fingerprint: second.fingerprint, since: "2026-01-01T00:00:00.000Z", why: "" };
  const bodies: readonly object[] = [
    { ...sound, key: undefined },
    { ...sound, key: 5 },
    { ...sound, fingerprint: {} },
    { ...sound, revoked: undefined },
    { ...sound, revoked: [null] },
    { ...sound, revoked: [{ ...revoked, since: "some day" }] },
    { ...sound, revoked: [{ ...revoked, fingerprint: undefined }] },
    [],
  ];
  for (const body of bodies) {
    const store = memoryStore();
    await appendRef(store, author(first), IDENTITY, undefined, { body, why: "", at: AT });
    await assert.rejects(readIdentityRow(store), { code: "identity_bad" }, JSON.stringify(body).slice(0, 99));
  }
  const store = memoryStore();
  const body = { ...sound, revoked: [revoked], more: "of a later version" };
  await appendRef(store, author(first), IDENTITY, undefined, { body, why: "", at: AT });
  assert.equal((await readIdentityRow(store))?.id, first.fingerprint);
});

test("a row of more keys than any site has had is refused before one is read", async () => {
  const store = await begun();
  let read = 0;
  const endless = (most: number): ReadStore => ({
    ...store,
    refVersions: async () => Array.from({ length: most }, (_, at) => at + 1),
    async readRef(name, version) {
      read++;
      return store.readRef(name, version);
    },
  });
  await assert.rejects(readIdentityRow(endless(1001)), { code: "identity_bad", message: /1001 versions/ });
  assert.equal(read, 0);
  await assert.rejects(readIdentityRow(endless(1000)), { code: "ref_corrupt" });
});
