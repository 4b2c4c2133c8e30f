import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { findChannel, LATEST } from "../channel/channels.ts";
import { checkStore } from "../channel/check.ts";
import { collectGarbage } from "../channel/gc.ts";
import { commitMove, planPromote, planRollback } from "../channel/moves.ts";
import { readManifest } from "../snapshot/manifest.ts";
import { listSnapshots } from "../snapshot/snapshots.ts";
import { fakeUpstream, hash, listing, publish, rig, START, type Rig } from "./rig.test-helper.ts";

const DAY = 86_400_000;

async function contents(made: Rig): Promise<Record<string, string>[]> {
  const all: Record<string, string>[] = [];
  for (const { body } of await listSnapshots(made.site.store, "toy")) {
    const found: Record<string, string> = {};
    for (const entry of await readManifest(made.site.store, body.manifest, body.id)) {
      if (entry.kind === "package")
        found[entry.path] = (await made.site.store.readBlob(entry.sha256)).toString();
    }
    all.push(found);
  }
  return all;
}

test("a first sync makes a snapshot and points latest to it; a second makes one request and nothing else", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  assert.deepEqual(await made.sync(), { result: "updated", snapshot: "20261121T040000Z" });
  assert.equal((await findChannel(made.site.store, LATEST))?.body.mirrors["toy"], "20261121T040000Z");
  const before = made.upstream.log.length;
  const refs = await made.site.store.listRefs("");
  assert.equal((await made.sync()).result, "unchanged");
  assert.deepEqual(made.upstream.log.slice(before), ["root.json"]);
  assert.deepEqual(await made.site.store.listRefs(""), refs);
});

test("a server without validators is compared by content", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  const { fetch } = made.upstream;
  const bare = Object.assign(made.upstream, {
    fetch: async (request: Parameters<typeof fetch>[0]) => {
      const reply = await fetch({ ...request, validators: undefined });
      return reply.status === "ok" ? { ...reply, validators: {} } : reply;
    },
  });
  await made.sync();
  assert.equal((await made.sync()).result, "unchanged");
  assert.equal(bare.log.filter((path) => path === "root.json").length, 2);
});

test("a change costs only the change", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  await made.sync();
  made.now += DAY;
  publish(made.upstream, START + DAY, { a: "one", b: "two", c: "three" });
  const before = made.upstream.log.length;
  assert.equal((await made.sync()).result, "updated");
  assert.deepEqual(made.upstream.log.slice(before), ["root.json", "index.json", "c"]);
});

test("older metadata is refused by name, and allowed by option; ids go on increasing when the clock went back", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "new" });
  await made.sync();
  made.now -= 10 * DAY;
  publish(made.upstream, START - 20 * DAY, { a: "old" });
  await assert.rejects(made.sync(), { code: "root_older" });
  assert.equal((await listSnapshots(made.site.store, "toy")).length, 1);
  assert.deepEqual(await made.sync({ allowOlder: true }), {
    result: "updated",
    snapshot: "20261121T040001Z",
  });
});

test("a root under other names is held until that is confirmed, once", async () => {
  const made = rig({ ...listing, renaming: "Clients will ask." });
  publish(made.upstream, START, { a: "one" }, { names: ["stable", "toy"] });
  await made.sync();
  const names = ["oldstable", "toy"];
  publish(made.upstream, START + 1000, { a: "one" }, { names });
  made.now += DAY;
  const before = made.upstream.log.length;
  await assert.rejects(made.sync(), { code: "root_renamed", hint: "Clients will ask." });
  assert.deepEqual(made.upstream.log.slice(before), ["root.json"], "nothing behind the root is asked for");
  assert.equal((await listSnapshots(made.site.store, "toy")).length, 1);
  assert.equal((await made.sync({ allowRename: true })).result, "updated");
  publish(made.upstream, START + 2000, { a: "two" }, { names });
  assert.equal((await made.sync()).result, "updated");
});

test("expired and future metadata is refused; nothing behind the root is asked for", async () => {
  const made = rig();
  publish(made.upstream, START - 9 * DAY, { a: "x" }, { validUntil: START - DAY });
  await assert.rejects(made.sync(), { code: "root_expired" });
  assert.deepEqual(made.upstream.log, ["root.json"]);
  assert.equal((await made.sync({ allowExpired: true })).result, "updated");
  publish(made.upstream, START + DAY, { a: "x" });
  await assert.rejects(made.sync(), { code: "root_future" });
});

test("an upstream that is held back past its own expiry is refused, though it has not changed", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "x" }, { validUntil: START + DAY });
  await made.sync();
  made.now = START + 2 * DAY;
  await assert.rejects(made.sync(), { code: "root_expired" });
  assert.equal((await made.sync({ allowExpired: true })).result, "unchanged");
});

test("a wrong byte in a package or an index is refused by code, and nothing becomes visible", async () => {
  for (const [file, code] of [
    ["a", "digest_mismatch"],
    ["index.json", "digest_mismatch"],
  ] as const) {
    const made = rig();
    publish(made.upstream, START, { a: "right" });
    const bytes = Buffer.from(made.upstream.files.get(file) ?? "");
    bytes[1] = (bytes[1] ?? 0) ^ 1;
    made.upstream.files.set(file, bytes);
    await assert.rejects(made.sync(), { code });
    assert.deepEqual(await made.site.store.listRefs(""), []);
    assert.ok(!made.site.store.blobs.has(hash(bytes)));
  }
});

test("a file that is longer than signed, cut short or gone is refused by its own code", async () => {
  const cases = [
    [Buffer.from("right and more"), "too_large"],
    [Buffer.from("rig"), "digest_mismatch"],
    [undefined, "file_missing"],
  ] as const;
  for (const [bytes, code] of cases) {
    const made = rig();
    publish(made.upstream, START, { a: "right" });
    if (bytes === undefined) made.upstream.files.delete("a");
    else made.upstream.files.set("a", bytes);
    await assert.rejects(made.sync(), { code }, code);
    assert.deepEqual(await made.site.store.listRefs(""), []);
  }
});

test("the upstream moves at each request in turn: the old or the new state, never a mixture", async () => {
  const old = { a: "a1", b: "b1", c: "c1" };
  const fresh = { a: "a2", b: "b2", d: "d2" };
  for (let at = 1; at <= 12; at++) {
    const made = rig();
    made.now = START + DAY;
    publish(made.upstream, START, old);
    made.upstream.before = (n) => {
      if (n === at) publish(made.upstream, START + DAY, fresh);
    };
    await made.sync();
    const [state] = await contents(made);
    assert.ok(
      JSON.stringify(state) === JSON.stringify(old) || JSON.stringify(state) === JSON.stringify(fresh),
      `moved at request ${at}: ${JSON.stringify(state)}`,
    );
    assert.equal((await contents(made)).length, 1);
  }
});

test("an upstream that never stands still is given up by name", async () => {
  const made = rig();
  made.now = START + DAY;
  let generation = 0;
  made.upstream.before = (_, path) => {
    if (path === "index.json") publish(made.upstream, START + ++generation, { a: `v${generation}` });
  };
  publish(made.upstream, START, { a: "v0" });
  await assert.rejects(made.sync(), { code: "upstream_moving" });
});

test("a second upstream gives what the first has lost or altered", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  const good = fakeUpstream("http://second.example.org/");
  publish(good, START, { a: "one", b: "two" });
  made.upstream.files.set("a", Buffer.from("bad"));
  made.upstream.files.delete("b");
  assert.equal((await made.sync({ sources: [made.upstream, good] })).result, "updated");
  assert.deepEqual(await contents(made), [{ a: "one", b: "two" }]);
});

test("an upstream that is down is asked once, not once for each file", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two", c: "three" });
  const dead = fakeUpstream("http://dead.example.org/");
  dead.before = () => {
    throw new SluiceError("upstream_unreachable", "nobody there");
  };
  await made.sync({ sources: [dead, made.upstream] });
  assert.deepEqual(dead.log, ["root.json"]);
});

test("a plan that does not fit is refused with the figures before anything is fetched", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "x".repeat(5000) });
  made.site.store.freeBytes = async () => 6000;
  await assert.rejects(made.sync(), (error: Error) => {
    assert.match(
      error.message,
      /needs 9196 bytes more, but only 6000 are free: make room for 3196 bytes, or select less/,
    );
    return true;
  });
  assert.ok(!made.upstream.log.includes("a"));
});

test("--plan fetches no package and writes no record", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  const outcome = await made.sync({ planOnly: true });
  assert.equal(outcome.result, "planned");
  assert.deepEqual(outcome.result === "planned" && outcome.plan.missing.map((entry) => entry.path), [
    "a",
    "b",
  ]);
  assert.deepEqual(await made.site.store.listRefs(""), []);
  assert.ok(!made.upstream.log.includes("a"));
});

test("an aborted sync stops, and the next one fetches only what is missing", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two", c: "three" });
  const stop = new AbortController();
  made.upstream.before = (_, path) => {
    if (path === "b") stop.abort();
  };
  await assert.rejects(made.sync({ signal: stop.signal, parallel: 1 }), { code: "interrupted" });
  made.upstream.before = () => undefined;
  const before = made.upstream.log.length;
  await made.sync();
  assert.ok(!made.upstream.log.slice(before).includes("a"));
  assert.deepEqual(await contents(made), [{ a: "one", b: "two", c: "three" }]);
});

test("changed options walk again and make a new snapshot, even where the roots are the same", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  made.now += DAY;
  const mirror = { ...made.mirror, options: { mode: "sparse" as const } };
  assert.equal((await made.sync({ mirror })).result, "updated");
  assert.equal((await made.sync({ mirror })).result, "unchanged");
});

test("a flipped bit is named by verify, put aside, and repaired by the next sync without a new snapshot", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  await made.sync();
  const context = {
    site: made.site,
    find: () => listing,
    today: async () => undefined,
    emit: () => undefined,
    signal: new AbortController().signal,
  };
  assert.deepEqual(
    (await checkStore(context, [])).snapshots.flatMap((one) => one.findings),
    [],
  );
  const blob = made.site.store.blobs.get(hash("two"));
  assert.ok(blob);
  blob.bytes[0] = (blob.bytes[0] ?? 0) ^ 1;
  const [checked] = (await checkStore(context, [])).snapshots;
  assert.deepEqual(
    checked?.findings.map((one) => [one.code, one.path]),
    [["blob_corrupt", "b"]],
  );
  assert.deepEqual(await made.site.store.quarantined(), [{ sha256: hash("two"), back: false }]);
  assert.equal((await made.sync()).result, "unchanged");
  assert.deepEqual(await made.site.store.quarantined(), []);
  assert.deepEqual(
    (await checkStore(context, [])).snapshots.flatMap((one) => one.findings),
    [],
  );
});

test("gc leaves what a channel holds, and takes the rest after the grace", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  made.now += DAY;
  publish(made.upstream, START + DAY, { a: "two" });
  await made.sync();
  const keep = new Map([["toy", { last: 1 }]]);
  const early = await collectGarbage(made.site, keep, false);
  assert.deepEqual([early.removed, early.deletedBlobs], [[], 0], "the old state has grace on latest");
  made.now += DAY;
  const second = await collectGarbage(made.site, keep, false);
  assert.deepEqual(second.removed, ["toy@20261121T040000Z"]);
  assert.ok(made.site.store.blobs.has(hash("one")), "condemned, not yet deleted");
  made.now += DAY;
  const third = await collectGarbage(made.site, keep, false);
  assert.ok(third.deletedBlobs > 0 && !made.site.store.blobs.has(hash("one")));
  assert.ok(made.site.store.blobs.has(hash("two")));
  assert.deepEqual(await contents(made), [{ a: "two" }]);
});

test("gc comes to rest: its own lists of the condemned are no work for the next one", async () => {
  const made = rig();
  for (const [day, text] of ["one", "two"].entries()) {
    publish(made.upstream, START + day * DAY, { a: text });
    await made.sync();
    made.now += DAY;
  }
  const keep = new Map([["toy", { last: 1 }]]);
  const state = async (): Promise<unknown> => [
    [...made.site.store.blobs.keys()].toSorted(),
    await made.site.store.refVersions("gc/condemned"),
  ];
  for (let day = 0; day < 4; day++) {
    await collectGarbage(made.site, keep, false);
    made.now += DAY;
  }
  assert.ok(!made.site.store.blobs.has(hash("one")));
  const before = await state();
  assert.equal((await collectGarbage(made.site, keep, false)).condemnedBlobs, 0);
  assert.deepEqual(await state(), before);
});

function flip(made: Rig, digest: string): void {
  const blob = made.site.store.blobs.get(digest);
  assert.ok(blob);
  blob.bytes[0] = (blob.bytes[0] ?? 0) ^ 1;
}

test("a damaged manifest, or a damaged index that is still current, is put aside and fetched or made again", async () => {
  for (const which of ["manifest", "index"] as const) {
    for (const changed of [false, true]) {
      const made = rig();
      publish(made.upstream, START, { a: "one" });
      await made.sync();
      const [first] = await listSnapshots(made.site.store, "toy");
      assert.ok(first);
      const index = hash(made.upstream.files.get("index.json") ?? "");
      flip(made, which === "manifest" ? first.body.manifest.sha256 : index);
      if (changed) {
        made.now += DAY;
        // The same index under a newer root.
        const root = JSON.parse(String(made.upstream.files.get("root.json"))) as object;
        made.upstream.files.set("root.json", Buffer.from(JSON.stringify({ ...root, date: START + DAY })));
        assert.equal((await made.sync()).result, "updated", which);
      } else {
        await made.site.store.quarantine(which === "manifest" ? first.body.manifest.sha256 : index);
        assert.equal((await made.sync()).result, "unchanged", which);
      }
      if (which === "index" || !changed) {
        assert.deepEqual(
          await contents(made),
          changed ? [{ a: "one" }, { a: "one" }] : [{ a: "one" }],
          which,
        );
      }
    }
  }
});

test("damage to another mirror's record does not keep this one from syncing", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.site.store.createRef("snapshots/other/20260101T000000Z", 1, Buffer.from("{"));
  assert.equal((await made.sync()).result, "updated");
});

test("where the first upstream is stale or spoiled, the next one is asked; where all are, the first fault is told", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  made.now += 2 * DAY;
  const stale = fakeUpstream("http://stale.example.org/");
  publish(stale, START - DAY, { a: "old" });
  publish(made.upstream, START + DAY, { a: "new" });
  assert.equal((await made.sync({ sources: [stale, made.upstream] })).result, "updated");
  assert.deepEqual((await contents(made)).at(-1), { a: "new" });
  assert.ok(
    made.events.some((event) => event.event === "warning" && /stale\.example\.org/.test(event.message)),
  );
  made.upstream.files.clear();
  await assert.rejects(made.sync({ sources: [stale, made.upstream] }), { code: "root_older" });
});

test("a channel that points to a snapshot whose record is gone is a finding", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  const list = made.site.store.listRefs.bind(made.site.store);
  made.site.store.listRefs = async (prefix) =>
    (await list(prefix)).filter((name) => !name.startsWith("snapshots/"));
  const context = {
    site: made.site,
    find: () => listing,
    today: async () => undefined,
    emit: () => undefined,
    signal: new AbortController().signal,
  };
  const { records } = await checkStore(context, []);
  assert.match(records.map((one) => one.message).join(), /'latest' points to toy@.*, whose record is gone/);
});

test("a rollback to a state that was given up says so", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one" });
  await made.sync();
  const move = async (from: string) =>
    commitMove(made.site, await planPromote(made.site.store, () => listing, from, "stable", []));
  await move("latest");
  made.now += DAY;
  publish(made.upstream, START + DAY, { a: "two" });
  await made.sync();
  await move("latest");
  made.now += 9 * DAY;
  await collectGarbage(made.site, new Map([["toy", { last: 1 }]]), false);
  await assert.rejects(
    planRollback(made.site.store, () => listing, "stable", []),
    { code: "nothing_to_do" },
  );
});
