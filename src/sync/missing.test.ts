import assert from "node:assert/strict";
import { test } from "node:test";
import { checkStore } from "../channel/check.ts";
import { listMirrors, showSnapshot } from "../channel/list.ts";
import { readManifest } from "../snapshot/manifest.ts";
import type { Hole } from "../snapshot/record.ts";
import { amendSnapshot, listSnapshots, type Snapshot } from "../snapshot/snapshots.ts";
import { fakeUpstream, listing, publish, rig, START, type Rig } from "./rig.test-helper.ts";
import type { SyncOutcome } from "./run.ts";

const allowMissing = true;
const hole = (path: string): Hole => ({ path, name: path, version: String(START), arch: "all" });

/** An upstream that lists four packages and has two. */
function incomplete(): Rig {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two", c: "three", d: "four" });
  lose(made, "b", "c");
  return made;
}

function lose({ upstream }: Rig, ...names: string[]): void {
  for (const name of names) upstream.files.delete(name);
}

async function newest(made: Rig): Promise<Snapshot> {
  const found = (await listSnapshots(made.site.store, "toy")).at(-1);
  return found ?? assert.fail("there is no snapshot");
}

async function paths(made: Rig): Promise<string[]> {
  const { body } = await newest(made);
  return (await readManifest(made.site.store, body.manifest, body.id)).map(({ path }) => path);
}

function warnings(made: Rig): string[] {
  return made.events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
}

async function faults(made: Rig): Promise<string[]> {
  const context = {
    site: made.site,
    find: () => listing,
    today: async () => undefined,
    emit: () => undefined,
    signal: new AbortController().signal,
  };
  const { snapshots } = await checkStore(context, []);
  return snapshots.flatMap(({ findings }) => findings.map(({ message }) => message));
}

test("packages that no upstream has become holes: recorded, told of, listed, shown, and verified", async () => {
  const made = incomplete();
  await assert.rejects(made.sync(), {
    code: "file_missing",
    message: /try again later, or list another upstream beside it, or say `allow-missing: true`/,
  });
  assert.deepEqual(await made.site.store.listRefs("snapshots/"), []);

  const outcome = await made.sync({ allowMissing });
  const { body } = await newest(made);
  assert.deepEqual(outcome, { result: "updated", snapshot: body.id, holes: 2 });
  assert.deepEqual(await paths(made), ["a", "d", "index.json", "root.json"]);
  assert.deepEqual(body.holes, [hole("b"), hole("c")]);
  assert.deepEqual([body.packages, body.files], [2, 4]);
  assert.equal(warnings(made).length, 1);
  assert.match(warnings(made)[0] ?? "", /^2 packages are listed, .* b \d+ \(all\), c \d+ \(all\)\.$/);
  const [listed] = (await listMirrors(made.site.store, [])).mirrors;
  assert.deepEqual(
    listed?.snapshots.map(({ holes }) => holes),
    [2],
  );
  assert.deepEqual((await showSnapshot(made.site.store, "toy", undefined)).holes, body.holes);
  assert.deepEqual(await faults(made), []);
});

test("a hole is one only after walks that began alike all missed it", async () => {
  const made = incomplete();
  let seen = 0;
  const bytes = Buffer.from("two");
  made.upstream.before = (_, path) => {
    if (path === "b" && ++seen === 2) made.upstream.files.set("b", bytes);
  };
  assert.equal(((await made.sync({ allowMissing })) as { holes: number }).holes, 1);
  assert.deepEqual((await newest(made)).body.holes, [hole("c")]);
  assert.equal(made.upstream.log.filter((path) => path === "root.json").length, 4);
});

test("what is missing while the upstream moves is looked for under the new roots", async () => {
  const made = incomplete();
  let walks = 0;
  made.upstream.before = (_, path) => {
    if (path !== "root.json") return;
    if (++walks === 4) publish(made.upstream, START + 1, { a: "one", e: "five" });
    if (walks === 4) lose(made, "e");
    if (walks === 5) publish(made.upstream, START + 2, { a: "one", e: "five" });
  };
  assert.deepEqual(await made.sync({ allowMissing }), { result: "updated", snapshot: "20261121T040000Z" });
  assert.deepEqual(await paths(made), ["a", "e", "index.json", "root.json"]);
});

test("a later sync asks for the holes again, though the roots are the same: filled, it is a new snapshot", async () => {
  const made = incomplete();
  const first = await made.sync({ allowMissing });
  const log = made.upstream.log.length;
  const again = (await made.sync({ allowMissing })) as Extract<SyncOutcome, { snapshot: string }>;
  assert.deepEqual(again, { ...first, result: "unchanged" });
  // At once: that they are missing under these roots is known.
  assert.deepEqual(made.upstream.log.slice(log).toSorted(), ["b", "c", "root.json"]);
  assert.equal(warnings(made).length, 2);

  made.upstream.files.set("b", Buffer.from("two"));
  made.now += 1000;
  assert.equal((await made.sync({ allowMissing })).result, "updated");
  assert.deepEqual((await newest(made)).body.holes, [hole("c")]);
  made.upstream.files.set("c", Buffer.from("three"));
  made.now += 1000;
  assert.equal((await made.sync()).result, "updated", "nothing is missing: the key is not needed");
  assert.equal((await newest(made)).body.holes, undefined);
  assert.deepEqual(await faults(made), []);
  const before = made.upstream.log.length;
  assert.equal((await made.sync()).result, "unchanged");
  assert.equal(made.upstream.log.length, before + 1, "whole again, it is asked for its root alone");
});

test("holes are held again once the key is taken away", async () => {
  const made = incomplete();
  await made.sync({ allowMissing });
  await assert.rejects(made.sync(), { code: "file_missing" });
});

test("roots and indices are never missing, and wrong bytes are not missing bytes", async () => {
  for (const [name, bytes, code] of [
    ["root.json", undefined, "root_missing"],
    ["index.json", undefined, "file_missing"],
    ["a", Buffer.from("XXX"), "digest_mismatch"],
    ["a", Buffer.from("one and more"), "too_large"],
  ] as const) {
    const made = rig();
    publish(made.upstream, START, { a: "one", b: "two" });
    if (bytes === undefined) lose(made, name);
    else made.upstream.files.set(name, bytes);
    await assert.rejects(made.sync({ allowMissing }), { code }, name);
    assert.deepEqual(await made.site.store.listRefs("snapshots/"), []);
  }
});

test("missing means missing everywhere: the other upstream has it, or does not answer, or answers wrongly", async () => {
  const made = incomplete();
  const other = fakeUpstream("http://other.example.org/");
  other.files.set("b", Buffer.from("two"));
  other.files.set("c", Buffer.from("bad!!"));
  const sources = [made.upstream, other];
  await assert.rejects(made.sync({ allowMissing, sources }), { code: "digest_mismatch" });
  other.files.set("c", Buffer.from("three"));
  assert.deepEqual(await made.sync({ allowMissing, sources }), {
    result: "updated",
    snapshot: "20261121T040000Z",
  });
});

test("an upstream that has nothing of what it lists is a mistake", async () => {
  const made = rig();
  publish(made.upstream, START, { a: "one", b: "two" });
  lose(made, "a", "b");
  await assert.rejects(made.sync({ allowMissing }), {
    code: "file_missing",
    message: /lists 2 packages and does not have 2 of them/,
  });
});

test("the warning names some, and counts the rest", async () => {
  const made = rig();
  const names = Array.from({ length: 9 }, (_, n) => `p${n}`);
  publish(made.upstream, START, Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  lose(made, ...names.slice(1));
  await made.sync({ allowMissing });
  assert.match(
    warnings(made)[0] ?? "",
    /^8 packages .*: p1 \d+ \(all\), p2 [^,]*, p3 [^,]*, p4 [^,]*, p5 [^,]*, and 3 more\.$/,
  );
});

test("verify takes exactly the holes that the record has: no other package, none that is there, none of another version", async () => {
  const record = async (made: Rig, change: (holes: readonly Hole[]) => readonly Hole[]): Promise<void> => {
    const snapshot = await newest(made);
    const body = { ...snapshot.body, holes: change(snapshot.body.holes ?? []) };
    await amendSnapshot(made.site.store, await made.site.author(), snapshot, {
      body,
      why: "test",
      at: made.now,
    });
  };
  for (const [change, fault] of [
    [(holes) => holes.slice(1), /'b' is signed for, but not in the manifest/],
    [(holes) => [...holes, hole("a")], /'a' is recorded as missing, but is not/],
    [(holes) => [...holes, hole("z")], /'z' is recorded as missing, but is not/],
    [([first]) => [{ ...hole("b"), version: "9" }, ...(first ? [hole("c")] : [])], /'b' is signed for/],
    [(holes) => [...holes, hole("index.json")], /'index\.json' is recorded as missing/],
  ] as const satisfies [(holes: readonly Hole[]) => readonly Hole[], RegExp][]) {
    const made = incomplete();
    await made.sync({ allowMissing });
    await record(made, change);
    const found = await faults(made);
    assert.ok(
      found.some((message) => fault.test(message)),
      `${fault} is not among ${found.join("\n")}`,
    );
  }
});
