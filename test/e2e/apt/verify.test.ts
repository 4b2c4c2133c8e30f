import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { TAMPER } from "../../upstreams/tamper.ts";
import { assertCopyOf, assertSynced, digestsBelow, mirrorOf, openLab, sha256, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("verify, with no network", { skip: skipApt }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let server: StaticServer;
  let site: SluiceSite;

  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream();
    server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    assertSynced(await site.sync("m"), "updated");
  });
  after(async () => await lab.cleanup.run());

  test("a snapshot past its Valid-Until passes and shows its age; a sync of that upstream says that it has expired", async () => {
    const passing = await lab.upstream({
      shape: "security",
      validUntil: Math.ceil(Date.now() / 1000) * 1000 + 4000,
    });
    const place = await lab.server(passing.root);
    const mirror = mirrorOf(passing, place.url);
    const own = await lab.site();
    await own.configure({ old: mirror });
    assertSynced(await own.sync("old"), "updated");
    await sleep((passing.state.validUntil ?? 0) - Date.now() + 1500);

    place.clear();
    const { stdout, stderr } = await own.ok("verify", "old");
    equal(place.requests.length, 0, "no network is used");
    match(`${stdout}${stderr}`, /\b(1 hour|an hour|60 minutes) ago|\bold\b.*\bexpired\b|\bexpired\b/i);
    match(`${stdout}${stderr}`, /expired|past|Valid/i, "says that it is past its expiry");

    // The upstream is frozen: it still has what it had.
    const line = await own.sync("old");
    deepEqual([line.code, line.error?.code], [1, "root_expired"]);
    await own.configure({ old: { ...mirror, "allow-expired": true } });
    assertSynced(await own.sync("old"), "unchanged");
    equal((await own.ids("old")).length, 1);
  });

  const KINDS: Record<string, { pattern: RegExp; ways: readonly ("flip" | "truncate" | "missing")[] }> = {
    package: { pattern: /tool_2\.0-1_amd64\.deb$/, ways: ["flip", "truncate", "missing"] },
    index: { pattern: /main\/binary-amd64\/Packages\.xz$/, ways: ["flip", "missing"] },
    InRelease: { pattern: /\/InRelease$/, ways: ["flip", "missing"] },
    "Release.gpg": { pattern: /\/Release\.gpg$/, ways: ["flip"] },
    translation: { pattern: /Translation-en\.xz$/, ways: ["flip"] },
  };
  for (const [kind, { pattern, ways }] of Object.entries(KINDS)) {
    for (const how of ways) {
      test(`${kind}: one ${how === "flip" ? "flipped bit" : how} is named, and the next sync repairs it`, async () => {
        const tree = join(site.data, "trees/m/latest");
        const path = [...(await digestsBelow(tree)).keys()].find((one) => pattern.test(one)) ?? "";
        const digest = sha256(await readFile(join(upstream.root, path)));
        const blob = join(site.data, "blobs/sha256", digest.slice(0, 2), digest.slice(2));
        if (how === "missing") await rm(blob);
        else await TAMPER[how](blob);

        const ran = await site.run("verify", "m");
        refused(ran, how === "missing" ? "blob_missing" : "blob_corrupt");
        ok(`${ran.stdout}${ran.stderr}`.includes(path), `${path} is not named: ${ran.stdout}${ran.stderr}`);

        // The same snapshot, whole again.
        assertSynced(await site.sync("m"), "unchanged");
        await site.ok("verify", "m");
        const after = await digestsBelow(tree);
        assertCopyOf(after, await digestsBelow(upstream.root), "the upstream");
        ok(after.has(path), "the tree has it again");
      });
    }
  }

  test("the manifest: one flipped bit is named, and the next sync repairs it", async () => {
    const [shown] = await site.json<{ manifest: string }>("show", "m");
    const digest = shown?.manifest ?? "";
    await TAMPER.flip(join(site.data, "blobs/sha256", digest.slice(0, 2), digest.slice(2)));
    const ran = await site.run("verify", "m");
    refused(ran, "blob_corrupt");
    match(ran.stderr, /manifest/);
    assertSynced(await site.sync("m"), "unchanged");
    await site.ok("verify", "m");
  });

  test("a tree that was altered is named and put right; trees that are gone are made again by the next sync", async () => {
    const trees = join(site.data, "trees");
    const whole = await digestsBelow(trees);
    await TAMPER.flip(join(trees, "m/latest/dists/trixie/InRelease"));
    await rm(join(trees, "m/latest/dists/trixie/main/binary-amd64/Packages.xz"));
    const ran = await site.run("verify", "m");
    refused(ran, "tree_damaged");
    for (const name of ["InRelease", "Packages.xz"]) ok(ran.stderr.includes(name), ran.stderr);
    deepEqual(await digestsBelow(trees), whole);
    await site.ok("verify", "m");
    await rm(trees, { recursive: true });
    assertSynced(await site.sync("m"), "unchanged");
    deepEqual(await digestsBelow(trees), whole);
  });

  test("a record that was altered is named", async () => {
    const [id = ""] = await site.ids("m");
    const ref = join(site.data, "refs/snapshots/m", id, "1.json");
    const own = await readFile(ref);
    await TAMPER.flip(ref);
    try {
      refused(await site.run("verify", "m"), "ref_corrupt");
    } finally {
      await rm(ref);
      await writeFile(ref, own);
    }
    await site.ok("verify", "m");
  });

  test("a key that is revoked today counts against an old snapshot", async () => {
    const stolen = await lab.keys.create("Stolen <stolen@example.org>");
    const other = await lab.upstream({ signWith: [stolen] });
    const place = await lab.server(other.root);
    const own = await lab.site();
    await own.configure({ m: mirrorOf(other, place.url) });
    assertSynced(await own.sync("m"), "updated");
    await own.ok("verify", "m");
    await own.configure({ m: mirrorOf(other, place.url, { keyring: await lab.keys.revoke(stolen) }) });
    // gpg's prepared revocation gives no reason, which counts from the beginning.
    refused(await own.run("verify", "m"), "key_revoked");
  });
});
