import assert from "node:assert/strict";
import { test } from "node:test";
import { channelHistory, findChannel } from "../channel/channels.ts";
import { checkStore } from "../channel/check.ts";
import { commitMove, planPromote, planRollback } from "../channel/moves.ts";
import { findSnapshot, listSnapshots } from "../snapshot/snapshots.ts";
import type { ReadStore } from "../store/contract.ts";
import { listing } from "../sync/rig.test-helper.ts";
import { revokeForeignKey } from "./known-sites.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";
import { storeSource } from "./store-source.ts";

async function pair(): Promise<{ outer: SiteRig; inner: SiteRig; id: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, { a: "a one", b: "b" });
  await trusts(inner, outer);
  return { outer, inner, id };
}

async function faults({ site }: SiteRig): Promise<string[]> {
  const signal = new AbortController().signal;
  const checked = await checkStore(
    { site, find: () => listing, today: async () => undefined, emit: () => undefined, signal },
    [],
  );
  return [...checked.snapshots.flatMap((one) => one.findings), ...checked.records].map(
    ({ message }) => message,
  );
}

const stable = async ({ site }: SiteRig): Promise<Readonly<Record<string, string>> | undefined> =>
  (await findChannel(site.store, "stable"))?.body.mirrors;

/** A copy of a store at this moment, as a medium keeps it. */
function frozen({ site }: SiteRig): ReadStore {
  const { store } = site;
  const refs = new Map([...store.refs].map(([name, versions]) => [name, new Map(versions)]));
  return {
    ...store,
    listRefs: async (prefix) => [...refs.keys()].filter((name) => name.startsWith(prefix)).toSorted(),
    refVersions: async (name) => [...(refs.get(name)?.keys() ?? [])].toSorted((a, b) => a - b),
    readRef: async (name, version) => refs.get(name)?.get(version),
  };
}

test("an import brings snapshots, channels and the sender's own records; again, it has nothing to do", async () => {
  const { outer, inner, id } = await pair();
  const done = await takes(inner, sourceOf(outer));
  assert.deepEqual([done.result, done.snapshots, done.files], ["imported", [`toy@${id}`], 4]);
  assert.deepEqual(await stable(inner), { toy: id });
  const record = (await findSnapshot(inner.site.store, "toy", id))?.body;
  const sender = (await outer.site.author()).fingerprint;
  assert.deepEqual([record?.origin?.site, record?.origin?.mirror], [sender, "toy"]);
  assert.deepEqual(
    await inner.site.store.readRef(`sites/${sender}/channels/stable`, 1),
    await outer.site.store.readRef("channels/stable", 1),
  );
  assert.deepEqual(await faults(inner), []);
  const before = await inner.site.store.listRefs("");
  assert.equal((await takes(inner, sourceOf(outer))).result, "unchanged");
  assert.deepEqual(await inner.site.store.listRefs(""), before);
});

test("a dry run says what would come, and writes nothing", async () => {
  const { outer, inner, id } = await pair();
  const before = await inner.site.store.listRefs("");
  const done = await takes(inner, sourceOf(outer), { dryRun: true });
  assert.deepEqual([done.result, done.snapshots, done.files], ["planned", [`toy@${id}`], 4]);
  assert.deepEqual(await inner.site.store.listRefs(""), before);
  assert.equal(inner.site.store.blobs.size, 0);
});

test("an older medium is a replay; a rollback at the sender is not", async () => {
  const { outer, inner, id } = await pair();
  const old = frozen(outer);
  await takes(inner, storeSource(old, "medium", "the medium"));
  const second = await goOn(outer, { a: "a two", b: "b" });
  assert.equal((await takes(inner, sourceOf(outer))).files, 3, "only what is missing comes");
  assert.deepEqual(await stable(inner), { toy: second });
  await assert.rejects(takes(inner, storeSource(old, "medium", "the medium")), { code: "replayed" });
  await commitMove(outer.site, await planRollback(outer.site.store, () => listing, "stable", []));
  await takes(inner, sourceOf(outer));
  assert.deepEqual(await stable(inner), { toy: id });
});

test("a channel that was moved here moves again only for something new", async () => {
  const { outer, inner, id } = await pair();
  await takes(inner, sourceOf(outer));
  const second = await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer));
  await commitMove(inner.site, await planPromote(inner.site.store, () => listing, `toy@${id}`, "stable", []));
  assert.equal((await takes(inner, sourceOf(outer))).result, "unchanged");
  assert.deepEqual(await stable(inner), { toy: id });
  const third = await goOn(outer, { a: "a three" });
  await takes(inner, sourceOf(outer));
  assert.deepEqual(await stable(inner), { toy: third });
  assert.notEqual(second, third);
});

test("strangers, the site itself, and a sender whose key was revoked are refused", async () => {
  const { outer, inner } = await pair();
  const stranger = await siteRig();
  await goOn(stranger, { a: "a" });
  await assert.rejects(takes(inner, sourceOf(stranger)), { code: "sender_untrusted" });
  await assert.rejects(takes(outer, sourceOf(outer)), {
    code: "sender_untrusted",
    message: /this very site/,
  });
  await takes(inner, sourceOf(outer));
  await revokeForeignKey(inner.site, (await outer.site.author()).fingerprint, "lost");
  await goOn(outer, { a: "a two" });
  await assert.rejects(takes(inner, sourceOf(outer)), { code: "sender_untrusted" });
});

test("any altered record is named, and nothing comes of it", async () => {
  const { outer, inner, id } = await pair();
  await goOn(outer, { a: "a two" });
  for (const name of await outer.site.store.listRefs("")) {
    // What no channel points to any more does not travel.
    if (name.endsWith(id)) continue;
    const store: ReadStore = {
      ...outer.site.store,
      readRef: async (ref, version) => {
        const bytes = await outer.site.store.readRef(ref, version);
        return ref === name && version === 1
          ? Buffer.from(String(bytes).replace("root@test", "root@tesu"))
          : bytes;
      },
    };
    const code = name === "identity" ? "identity_bad" : "sender_forged";
    await assert.rejects(takes(inner, storeSource(store, "medium", "the medium")), { code }, name);
  }
  assert.deepEqual(await listSnapshots(inner.site.store, "toy"), []);
  assert.equal(await stable(inner), undefined);
});

test("a file that is not what it is called, or is missing, keeps all of it out; what is sound stays", async () => {
  const { outer, inner, id } = await pair();
  const [, bad] = [...outer.site.store.blobs].find(([, { bytes }]) => String(bytes) === "a one") ?? [];
  bad?.bytes.write("A one");
  await assert.rejects(takes(inner, sourceOf(outer)), { code: "import_incomplete" });
  assert.equal(await stable(inner), undefined);
  bad?.bytes.write("a one");
  const done = await takes(inner, sourceOf(outer));
  assert.deepEqual([done.files, done.snapshots], [1, [`toy@${id}`]]);
});

test("a name that is taken here needs another one, which is kept", async () => {
  const { outer, inner, id } = await pair();
  await goOn(inner, { own: "own" });
  await assert.rejects(takes(inner, sourceOf(outer)), { code: "mirror_taken", message: /--as toy=OTHER/ });
  const done = await takes(inner, sourceOf(outer), { as: new Map([["toy", "toy-outer"]]) });
  assert.deepEqual(done.snapshots, [`toy-outer@${id}`]);
  const second = await goOn(outer, { a: "a two" });
  assert.deepEqual((await takes(inner, sourceOf(outer))).snapshots, [`toy-outer@${second}`]);
  assert.deepEqual(await faults(inner), []);
});

test("the vendor's keys: none here is refused, unless those that came are accepted", async () => {
  const { outer, inner } = await pair();
  const asked: string[] = [];
  const vendor = (answer: boolean) => ({
    configured: async () => undefined,
    accept: async (mirror: string) => {
      asked.push(mirror);
      return answer;
    },
  });
  await assert.rejects(takes(inner, sourceOf(outer), { vendor: vendor(false) }), { code: "vendor_unknown" });
  assert.equal(await stable(inner), undefined);
  await takes(inner, sourceOf(outer), { vendor: vendor(true) });
  await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer), { vendor: vendor(false) });
  assert.deepEqual(asked, ["toy", "toy"], "what was accepted is remembered");
});

test("three sites in a row: nothing comes twice, and the last checks what the first has signed", async () => {
  const { outer, inner: middle, id } = await pair();
  const last = await siteRig();
  await trusts(last, middle);
  await takes(middle, sourceOf(outer));
  const done = await takes(last, sourceOf(middle));
  assert.deepEqual(done.snapshots, [`toy@${id}`]);
  const first = (await outer.site.author()).fingerprint;
  assert.ok((await last.site.store.refVersions(`sites/${first}/snapshots/toy/${id}`)).length > 0);
  assert.deepEqual(await faults(last), []);
  await goOn(outer, { a: "a two", b: "b" });
  await takes(middle, sourceOf(outer));
  assert.equal((await takes(last, sourceOf(middle))).files, 3);
  const name = `sites/${first}/snapshots/toy/${id}`;
  const forged = last.site.store.refs.get(name)?.get(1);
  last.site.store.refs.get(name)?.set(1, Buffer.from(String(forged).replace("root@test", "root@tesu")));
  assert.match((await faults(last)).join("\n"), /sites\/.*snapshots\/toy.*signature does not match/);
});

test("killed after any write, the next run comes to the same end", async () => {
  for (let writes = 0; ; writes++) {
    const { outer, inner, id } = await pair();
    const { store } = inner.site;
    let left = writes;
    const createRef = store.createRef.bind(store);
    store.createRef = async (...args) => {
      if (left-- === 0) throw new Error("killed");
      return createRef(...args);
    };
    const done = await takes(inner, sourceOf(outer)).catch((error: unknown) => {
      assert.match(String(error), /killed/);
    });
    store.createRef = createRef;
    if (done !== undefined) {
      assert.ok(writes > 5);
      return;
    }
    assert.deepEqual(await faults(inner), []);
    await takes(inner, sourceOf(outer));
    assert.deepEqual([await stable(inner), await faults(inner)], [{ toy: id }, []]);
    assert.equal((await takes(inner, sourceOf(outer))).result, "unchanged");
    assert.equal((await channelHistory(store, "stable")).length, 1, `killed at ${writes}`);
  }
});
