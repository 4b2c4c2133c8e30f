import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import type { PruneStore } from "../store/contract.ts";
import { openDirectoryStore, type DirectoryStore } from "../store/directory/open.ts";
import { tempFolders } from "../store/directory/temp.test-helper.ts";
import { hash, listing, publish, rig } from "../sync/rig.test-helper.ts";
import { commitMove, planPromote } from "./moves.ts";
import { collectGarbage } from "./gc.ts";
import { dropSnapshot } from "./pin.ts";
import type { Site } from "./site.ts";
import { reconcileTrees } from "./trees.ts";

const folder = tempFolders();
const DAY = 86_400_000;

interface OnDisk {
  readonly site: Site & { readonly store: DirectoryStore };
  /** What all commands but `reconcileTrees` are given: one that is killed before it comes to the trees. */
  readonly killed: Site;
  sync(site: Site, state: string, mirror?: string): Promise<string>;
  promote(site: Site, from: string): Promise<void>;
  /** What a file of a channel or snapshot holds; undefined where the link leads nowhere. */
  read(name: string): string | undefined;
  reconcile(store?: PruneStore): Promise<string[]>;
}

async function onDisk(): Promise<OnDisk> {
  const made = rig();
  const data = `${folder()}/data`;
  const store = await openDirectoryStore(data, { clock: made.site.clock });
  const site = { ...made.site, store };
  return {
    site,
    killed: { ...site, store: { ...store, trees: undefined } },
    async sync(as, state, mirror = "toy") {
      publish(made.upstream, made.now - 1000, { a: state });
      const outcome = await made.sync({ site: as, mirror: { ...made.mirror, name: mirror } });
      made.now += DAY;
      assert.ok(outcome.result === "updated");
      return outcome.snapshot;
    },
    async promote(as, from) {
      await commitMove(as, await planPromote(store, () => listing, from, "stable", []));
      made.now += DAY;
    },
    read(name) {
      const file = `${data}/trees/${name}/a`;
      return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    },
    reconcile: async (other = store) => reconcileTrees({ ...site, store: other }),
  };
}

test("a channel that moved since the snapshots were looked through does not lead to a tree that is not there", async () => {
  const { site, killed, sync, read, reconcile } = await onDisk();
  await sync(site, "one");
  const two = await sync(killed, "two");
  assert.equal(read("toy/latest"), "one");
  const { store } = site;
  const listed = async (prefix: string): Promise<string[]> =>
    (await store.listRefs(prefix)).filter((name) => !name.endsWith(two));
  assert.deepEqual(await reconcile({ ...store, listRefs: listed }), []);
  assert.equal(read("toy/latest"), "two");
});

test("a channel that moved on from a snapshot that was given up is left to whoever moved it", async () => {
  const { site, killed, sync, promote, read, reconcile } = await onDisk();
  const one = await sync(killed, "one");
  await promote(killed, "latest");
  await sync(killed, "two");
  await promote(killed, "latest");
  await dropSnapshot(killed, `toy@${one}`);
  const { store } = site;
  const early = async (name: string): Promise<number[]> => {
    const versions = await store.refVersions(name);
    return name === "channels/stable" ? versions.slice(0, 1) : versions;
  };
  assert.deepEqual(await reconcile({ ...store, refVersions: early }), []);
  assert.equal(fs.lstatSync(`${store.root}/trees/toy/stable`, { throwIfNoEntry: false }), undefined);
  await reconcile();
  assert.deepEqual([read("toy/stable"), read(`toy/${one}`)], ["two", undefined]);
});

test("where a tree cannot be made, the channel stays where it is, and what it leads to stays too", async () => {
  const { site, killed, sync, read, reconcile } = await onDisk();
  const one = await sync(site, "one");
  const two = await sync(killed, "two");
  await site.store.quarantine(hash("two"));
  await dropSnapshot(killed, `toy@${one}`);
  const problems = await reconcile();
  assert.ok(problems.length > 0 && problems.every((one) => one.includes(hash("two"))), problems.join("\n"));
  assert.equal(read("toy/latest"), "one");
  assert.equal(fs.existsSync(`${site.store.root}/trees/toy/${two}`), false);
});

test("where a channel leads nowhere yet, it gets the trees that can be made", async () => {
  const { site, killed, sync, read, reconcile } = await onDisk();
  await sync(killed, "one");
  await sync(killed, "two", "other");
  await site.store.quarantine(hash("two"));
  assert.ok((await reconcile()).length > 0);
  assert.deepEqual([read("toy/latest"), read("other/latest")], ["one", undefined]);
});

test("gc removes the tree of a snapshot that it gives up, but none that a channel still leads to", async () => {
  const { site, killed, sync, read } = await onDisk();
  const one = await sync(site, "one");
  const two = await sync(site, "two");
  const three = await sync(killed, "three");
  assert.equal(read("toy/latest"), "two");
  // What cannot be made now holds the channel where it is.
  await site.store.quarantine(hash("three"));
  const { removed, problems } = await collectGarbage(site, new Map([["toy", { last: 1 }]]), false);
  assert.deepEqual(removed, [`toy@${one}`, `toy@${two}`]);
  assert.ok(problems.length > 0);
  assert.deepEqual(
    [read(`toy/${one}`), read("toy/latest"), read(`toy/${three}`)],
    [undefined, "two", undefined],
  );
});
