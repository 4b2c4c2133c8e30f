import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { failsWith, put, text } from "../suite-tools.test-helper.ts";
import { tempStores } from "./temp.test-helper.ts";
import type { DirectoryStore } from "./open.ts";

const openStore = tempStores();
const [ONE, TWO] = ["20260101T000000Z", "20260102T000000Z"];

async function open(): Promise<DirectoryStore> {
  const store = await openStore();
  for (const mirror of ["debian", "nodejs"])
    for (const id of [ONE, TWO]) {
      const [name = ""] = await put(store, text(`${mirror} ${id}`));
      await store.trees.createTree(mirror, id, [{ path: "dists/InRelease", sha256: name }]);
    }
  return store;
}

function read(store: DirectoryStore, mirror: string, channel: string): string | undefined {
  try {
    return fs.readFileSync(`${store.root}/trees/${mirror}/${channel}/dists/InRelease`, "utf8");
  } catch {
    return undefined;
  }
}

test("a channel is served through symlinks, which one rename switches for all mirrors", async () => {
  const store = await open();
  const trees = `${store.root}/trees`;
  assert.equal(await store.trees.readChannel("stable"), undefined);
  await store.trees.setChannel("stable", 1, { debian: ONE, nodejs: ONE });
  assert.deepEqual(await store.trees.readChannel("stable"), {
    version: 1,
    mirrors: { debian: ONE, nodejs: ONE },
  });
  assert.deepEqual(await store.trees.listChannels(), ["stable"]);
  assert.equal(fs.readlinkSync(`${trees}/.channels/stable`), "stable.1");
  assert.equal(fs.readlinkSync(`${trees}/.channels/stable.1/debian`), `../../debian/${ONE}`);
  assert.equal(fs.readlinkSync(`${trees}/debian/stable`), "../.channels/stable/debian");
  assert.equal(read(store, "debian", "stable"), `debian ${ONE}`);
  const constant = fs.lstatSync(`${trees}/debian/stable`).ino;
  await store.trees.setChannel("stable", 2, { debian: TWO, nodejs: TWO });
  assert.equal(read(store, "debian", "stable"), `debian ${TWO}`);
  assert.equal(read(store, "nodejs", "stable"), `nodejs ${TWO}`);
  assert.equal(fs.lstatSync(`${trees}/debian/stable`).ino, constant, "the constant link is not touched");
  // The folder just left is there for those on their way through it; the one before that is gone.
  await store.trees.setChannel("stable", 7, { debian: ONE, nodejs: TWO });
  assert.deepEqual(fs.readdirSync(`${trees}/.channels`).toSorted(), ["stable", "stable.2", "stable.7"]);
  assert.deepEqual(await store.trees.readChannel("stable"), {
    version: 7,
    mirrors: { debian: ONE, nodejs: TWO },
  });
  assert.deepEqual(fs.readdirSync(`${store.root}/tmp`), ["partial"]);
});

test("a mirror comes to a channel and leaves it", async () => {
  const store = await open();
  await store.trees.setChannel("stable", 1, { debian: ONE });
  assert.equal(read(store, "nodejs", "stable"), undefined);
  await store.trees.setChannel("stable", 2, { debian: ONE, nodejs: TWO });
  assert.equal(read(store, "nodejs", "stable"), `nodejs ${TWO}`);
  await store.trees.setChannel("testing", 1, { debian: TWO });
  await store.trees.setChannel("stable", 3, { nodejs: TWO });
  assert.equal(fs.lstatSync(`${store.root}/trees/debian/stable`, { throwIfNoEntry: false }), undefined);
  assert.equal(read(store, "debian", "testing"), `debian ${TWO}`);
  assert.equal(read(store, "nodejs", "stable"), `nodejs ${TWO}`);
});

test("the same version again, as after a kill, or with other content", async () => {
  const store = await open();
  await store.trees.setChannel("stable", 1, { debian: ONE });
  fs.mkdirSync(`${store.root}/trees/.channels/stable.2`);
  fs.symlinkSync("../../debian/nowhere", `${store.root}/trees/.channels/stable.2/debian`);
  await store.trees.setChannel("stable", 2, { debian: TWO });
  assert.equal(read(store, "debian", "stable"), `debian ${TWO}`);
  await store.trees.setChannel("stable", 2, { debian: ONE });
  assert.equal(read(store, "debian", "stable"), `debian ${ONE}`);
  assert.deepEqual(await store.trees.readChannel("stable"), { version: 2, mirrors: { debian: ONE } });
});

test("channels named like the folders of another do not meet it", async () => {
  const store = await open();
  await store.trees.setChannel("9", 4, { debian: ONE });
  await store.trees.setChannel("9.4", 1, { debian: TWO });
  assert.equal(read(store, "debian", "9"), `debian ${ONE}`);
  assert.equal(read(store, "debian", "9.4"), `debian ${TWO}`);
  assert.deepEqual(await store.trees.readChannel("9"), { version: 4, mirrors: { debian: ONE } });
  for (const version of [3, 4, 5]) {
    await store.trees.setChannel("9", version, { debian: TWO });
    await store.trees.setChannel("9.4", version, { debian: ONE });
    assert.equal(read(store, "debian", "9"), `debian ${TWO}`);
    assert.equal(read(store, "debian", "9.4"), `debian ${ONE}`);
    assert.equal((await store.trees.readChannel("9"))?.version, version);
  }
  assert.deepEqual(await store.trees.listChannels(), ["9", "9.4"]);
  await store.trees.removeChannel("9");
  assert.deepEqual(await store.trees.listChannels(), ["9.4"]);
  assert.equal(read(store, "debian", "9.4"), `debian ${ONE}`);
});

test("a removed channel leaves nothing behind, and takes nothing else", async () => {
  const store = await open();
  const [name = ""] = await put(store, text("old"));
  await store.trees.setChannel("stable", 1, { debian: ONE });
  await store.trees.setChannel("testing", 1, { debian: ONE });
  for (const channel of ["stable", "testing"])
    await store.trees.setGrace("debian", channel, [{ path: "old", sha256: name }]);
  await store.trees.removeChannel("stable");
  await store.trees.removeChannel("stable");
  assert.deepEqual(fs.readdirSync(`${store.root}/trees/.channels`).toSorted(), ["testing", "testing.1"]);
  assert.deepEqual(fs.readdirSync(`${store.root}/trees/debian`).toSorted(), [".grace", ONE, TWO, "testing"]);
  assert.deepEqual(fs.readdirSync(`${store.root}/trees/debian/.grace`), ["testing"]);
  assert.equal(read(store, "debian", "testing"), `debian ${ONE}`);
});

test("what somebody else put in the way stays, and is named", async () => {
  const store = await open();
  fs.mkdirSync(`${store.root}/trees/debian/stable`);
  fs.writeFileSync(`${store.root}/trees/debian/stable/theirs`, "");
  await assert.rejects(store.trees.setChannel("stable", 1, { debian: ONE }), (error) => {
    failsWith("store_unusable")(error);
    assert.match(String(error), /trees\/debian\/stable is in the way/);
    return true;
  });
  assert.deepEqual(fs.readdirSync(`${store.root}/trees/debian/stable`), ["theirs"]);
  assert.equal(await store.trees.readChannel("stable"), undefined);
});

test("names that are none are refused", async () => {
  const store = await open();
  await assert.rejects(store.trees.setChannel("../x", 1, {}), failsWith("bad_name"));
  await assert.rejects(store.trees.setChannel("stable", 1, { "../x": ONE }), failsWith("bad_name"));
  await assert.rejects(store.trees.setChannel("stable", 1, { debian: "../../etc" }), failsWith("bad_name"));
  assert.equal(await store.trees.readChannel("../../etc"), undefined);
  assert.deepEqual(await store.trees.listChannels(), []);
});

for (const [what, damage] of Object.entries<(trees: string) => void>({
  "a constant link is gone": (trees) => fs.unlinkSync(`${trees}/debian/stable`),
  "a constant link points elsewhere": (trees) => relink(`${trees}/debian/stable`, TWO),
  "a link of the version is gone": (trees) => fs.unlinkSync(`${trees}/.channels/stable.2/debian`),
  "a link of the version points elsewhere": (trees) =>
    relink(`${trees}/.channels/stable.2/debian`, `../../nodejs/${ONE}`),
  "a link of the version is a file": (trees) => {
    fs.unlinkSync(`${trees}/.channels/stable.2/debian`);
    fs.writeFileSync(`${trees}/.channels/stable.2/debian`, "");
  },
  "a mirror is too many": (trees) =>
    fs.symlinkSync(`../../other/${ONE}`, `${trees}/.channels/stable.2/other`),
  "a mirror that left has its constant link still": (trees) => {
    fs.mkdirSync(`${trees}/other`);
    fs.symlinkSync("../.channels/stable/other", `${trees}/other/stable`);
  },
  "the folder of the version is gone": (trees) =>
    fs.rmSync(`${trees}/.channels/stable.2`, { recursive: true }),
  "the switch is gone": (trees) => fs.unlinkSync(`${trees}/.channels/stable`),
  "the switch points elsewhere": (trees) => relink(`${trees}/.channels/stable`, "testing.1"),
}))
  test(`a channel is not said to be right where ${what}; setting it again mends that`, async () => {
    const store = await open();
    const mirrors = { debian: ONE, nodejs: TWO };
    await store.trees.setChannel("testing", 1, { debian: TWO });
    await store.trees.setChannel("stable", 1, { debian: TWO });
    await store.trees.setChannel("stable", 2, mirrors);
    assert.deepEqual(await store.trees.readChannel("stable"), { version: 2, mirrors });
    damage(`${store.root}/trees`);
    assert.equal(await store.trees.readChannel("stable"), undefined);
    await store.trees.setChannel("stable", 2, mirrors);
    assert.deepEqual(await store.trees.readChannel("stable"), { version: 2, mirrors });
    assert.equal(read(store, "debian", "stable"), `debian ${ONE}`);
    assert.equal(read(store, "nodejs", "stable"), `nodejs ${TWO}`);
    assert.equal(read(store, "debian", "testing"), `debian ${TWO}`);
    assert.equal(fs.lstatSync(`${store.root}/trees/other/stable`, { throwIfNoEntry: false }), undefined);
  });

test("a channel that lost a mirror altogether gives fewer mirrors", async () => {
  const store = await open();
  await store.trees.setChannel("stable", 1, { debian: ONE, nodejs: TWO });
  fs.rmSync(`${store.root}/trees/nodejs`, { recursive: true });
  fs.unlinkSync(`${store.root}/trees/.channels/stable.1/nodejs`);
  assert.deepEqual(await store.trees.readChannel("stable"), { version: 1, mirrors: { debian: ONE } });
});

function relink(link: string, target: string): void {
  fs.unlinkSync(link);
  fs.symlinkSync(target, link);
}
