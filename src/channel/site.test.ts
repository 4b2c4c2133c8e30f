import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkRef, appendRef } from "../store/refs.ts";
import { openDirectoryReader } from "../store/directory/open.ts";
import type { SiteKey } from "../store/refs.ts";
import { findKeyOf, openSite } from "./site.ts";
import { mountTmpfs } from "../store/directory/mounts.test-helper.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true });
});

interface Opened {
  readonly data: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

function newFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "sluice-site-"));
  folders.push(folder);
  return folder;
}

async function siteKeyOf(data: string, fingerprint: string): Promise<SiteKey | undefined> {
  return findKeyOf(data, await openDirectoryReader(data))(fingerprint, "channels/stable");
}

/** Opens the site, and asks for its identity as a write does. */
async function authorOf(data: string): Promise<string> {
  const site = await openSite(data, 0);
  try {
    return (await site.author()).fingerprint;
  } finally {
    await site.store.close();
  }
}

async function made(): Promise<Opened & { fingerprint: string }> {
  const data = join(newFolder(), "data");
  const fingerprint = await authorOf(data);
  const [privateKey, publicKey] = ["private.asc", "public.asc"].map((name) => join(data, "identity", name));
  return { data, fingerprint, privateKey: privateKey ?? "", publicKey: publicKey ?? "" };
}

test("an identity is made once, for its owner's eyes", async () => {
  const { data, fingerprint, privateKey, publicKey } = await made();
  assert.equal(await authorOf(data), fingerprint);
  assert.equal(fs.statSync(privateKey).mode & 0o777, 0o600);
  assert.equal(fs.statSync(publicKey).mode & 0o777, 0o644);
  assert.equal((await siteKeyOf(data, fingerprint))?.fingerprint, fingerprint);
  assert.equal(await siteKeyOf(data, "0".repeat(40)), undefined);
});

test("two first writers end with one identity", async () => {
  const data = join(newFolder(), "data");
  const found = await Promise.all([authorOf(data), authorOf(data), authorOf(data)]);
  assert.equal(new Set(found).size, 1);
  assert.equal((await siteKeyOf(data, found[0] ?? ""))?.fingerprint, found[0]);
  assert.deepEqual(fs.readdirSync(join(data, "identity")).toSorted(), ["private.asc", "public.asc"]);
});

test("what a killed first write left does not keep an identity from being stored", async () => {
  const data = join(newFolder(), "data");
  fs.mkdirSync(join(data, "identity"), { recursive: true });
  fs.mkdirSync(join(data, "blobs"));
  fs.mkdirSync(join(data, "refs"));
  fs.writeFileSync(join(data, "identity", `private.asc.${process.pid}.tmp`), "half");
  const fingerprint = await authorOf(data);
  assert.equal(await authorOf(data), fingerprint);
  assert.deepEqual(fs.readdirSync(join(data, "identity")).toSorted(), ["private.asc", "public.asc"]);
});

test("a lost private key is never replaced in silence", async () => {
  const { data, privateKey, publicKey } = await made();
  const lost = {
    code: "identity_lost",
    message: `The private key of this site, ${privateKey}, is gone: restore it from a backup.`,
  };
  fs.renameSync(privateKey, `${privateKey}.away`);
  const kept = fs.readFileSync(publicKey);
  await assert.rejects(authorOf(data), lost);
  assert.equal(fs.existsSync(privateKey), false);
  assert.ok(fs.readFileSync(publicKey).equals(kept));
  // Without the public key the records tell that there was one.
  fs.renameSync(privateKey + ".away", privateKey);
  const site = await openSite(data, 0);
  const author = await site.author();
  await appendRef(site.store, author, "channels/stable", undefined, { body: {}, why: "x", at: 0 });
  await site.store.close();
  fs.rmSync(join(data, "identity"), { recursive: true });
  await assert.rejects(authorOf(data), lost);
  assert.equal(fs.existsSync(privateKey), false);
});

test("a private key that is another, or damaged, is told", async () => {
  const { data, privateKey, publicKey, fingerprint } = await made();
  const other = await made();
  const kept = fs.readFileSync(privateKey);
  fs.copyFileSync(other.privateKey, privateKey);
  await assert.rejects(authorOf(data), {
    code: "identity_lost",
    message:
      `${privateKey} is not the private key of ${publicKey} (${other.fingerprint}, not ${fingerprint}): ` +
      "restore both from one backup.",
  });
  fs.writeFileSync(privateKey, kept.subarray(0, 300));
  await assert.rejects(authorOf(data), {
    code: "identity_lost",
    message: `${privateKey}: The site's private key cannot be read: restore it from a backup.`,
  });
});

test("a lost public key is written again, and does not make the site's own records foreign", async () => {
  const { data, publicKey, fingerprint } = await made();
  const kept = fs.readFileSync(publicKey);
  fs.unlinkSync(publicKey);
  assert.equal((await siteKeyOf(data, fingerprint))?.fingerprint, fingerprint);
  assert.equal(fs.existsSync(publicKey), false, "reading writes nothing");
  assert.equal(await authorOf(data), fingerprint);
  assert.ok(fs.readFileSync(publicKey).equals(kept));
});

test("a damaged public key is told in its own words", async () => {
  const { data, publicKey, fingerprint } = await made();
  const whole = fs.readFileSync(publicKey, "utf8");
  for (const text of ["", "junk", whole.slice(0, 200) + whole.slice(230)]) {
    fs.writeFileSync(publicKey, text);
    const damaged = {
      code: "identity_lost",
      message: `The public key of this site, ${publicKey}, is damaged: remove it, the next write makes it again from private.asc.`,
    };
    await assert.rejects(authorOf(data), damaged);
    assert.equal((await siteKeyOf(data, fingerprint))?.fingerprint, fingerprint, "the row of keys has it");
  }
  fs.rmSync(join(data, "refs", "identity"), { recursive: true });
  await assert.rejects(siteKeyOf(data, fingerprint), { code: "identity_lost" });
});

test("with a clock before the identity was made, records are written and verify", async () => {
  const { data } = await made();
  const site = await openSite(data, 0, { clock: () => Date.UTC(2001, 0, 1) });
  const change = { body: {}, why: "x", at: site.clock() };
  await appendRef(site.store, await site.author(), "channels/stable", undefined, change);
  assert.deepEqual(await checkRef(site.store, "channels/stable", site.siteKey), []);
  await site.store.close();
});

test("a disk without room for the key is told of as any other full disk", async (t) => {
  const data = newFolder();
  using mount = mountTmpfs(data, 1_000_000);
  if (mount === undefined) return t.skip("mounting is not permitted here");
  const site = await openSite(data, 0);
  const { files, ffree } = fs.statfsSync(data);
  // The lock file of the key, and no more.
  mount.resize({ bytes: 1_000_000, inodes: files - ffree + 2 });
  await assert.rejects(site.author(), {
    code: "disk_full",
    message: `There is no room in ${data} for the key of this site (no inode is left): make room, then run again, it continues.`,
  });
  await site.store.close();
  mount.resize({ bytes: 1_000_000, inodes: 10_000 });
  await authorOf(data);
});
