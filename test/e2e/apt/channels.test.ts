import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import { nginxServer, treesSite } from "../../servers/nginx.ts";
import type { NginxServer } from "../../servers/nginx.ts";
import { needs } from "../../needs.ts";
import { must } from "../../run.ts";
import type { Ran } from "../../run.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { assertSynced, digestsBelow, mirrorOf, openLab, sha256, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const ONE = [
  { name: "base", version: "1.9" },
  { name: "tool", version: "1", depends: "base" },
  { name: "gone", version: "1" },
];
const TWO = [
  { name: "base", version: "1.10" },
  { name: "tool", version: "2", depends: "base" },
  { name: "fresh", version: "1", arch: "all" },
];

suite("channels", { skip: skipApt }, () => {
  let lab: Lab;
  let upstream: AptRepository;
  let security: AptRepository;
  let server: StaticServer;
  let other: StaticServer;
  let site: SluiceSite;
  let served: Served;
  let nginx: NginxServer;
  /** Ids of the mirror `m`, in the order in which they were made. */
  let first: string;
  let second: string;

  before(async () => {
    lab = await openLab();
    upstream = await lab.upstream({ packages: ONE });
    security = await lab.upstream({ shape: "security", packages: [{ name: "fix", version: "1" }] });
    server = await lab.server(upstream.root);
    other = await lab.server(security.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url), s: mirrorOf(security, other.url) });
    await site.ok("sync");
    served = lab.cleanup.use(await site.serve());
    nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
    [first = ""] = await site.ids("m");
  });
  after(async () => await lab.cleanup.run());

  async function client(url: string): Promise<AptClient> {
    const apt = await lab.apt();
    await apt.source(aptSource(`${url}/m/stable`, "trixie", "main", lab.vendor.armoured));
    return apt;
  }

  /** Runs a command that moves a channel, and gives the server the time that it may take to see it. */
  async function move(...args: readonly string[]): Promise<Ran> {
    const ran = await site.ok(...args, "--yes");
    await sleep(400);
    return ran;
  }

  async function channelsOf(name: string): Promise<Readonly<Record<string, string>>> {
    return (await site.mirror(name)).channels;
  }

  test("`latest` is moved by sync alone, other names by promote, over all mirrors in one step", async () => {
    const [fix = ""] = await site.ids("s");
    deepEqual(await channelsOf("m"), { latest: first });
    await site.ok("promote", "latest", "stable", "--yes");
    deepEqual(await channelsOf("m"), { latest: first, stable: first });
    deepEqual(await channelsOf("s"), { latest: fix, stable: fix });
    for (const [args, code] of [
      [["promote", "stable", "latest"], 2],
      [["promote", "nowhere", "stable"], 2],
      [["promote", "m@20200101T000000Z", "stable"], 2],
      [["promote", "latest", "Not A Name"], 2],
      [["rollback", "latest"], 2],
    ] as const) {
      const ran = await site.run(...args, "--yes");
      equal(ran.code, code, `${args.join(" ")}: ${ran.stderr}`);
    }
    deepEqual(await channelsOf("m"), { latest: first, stable: first });
  });

  test("list --json and diff --json are exactly what they are promised to be", async () => {
    const [listed] = await site.json<Record<string, unknown>>("list");
    deepEqual(Object.keys(listed ?? {}), ["mirrors"]);
    const mirror = await site.mirror("m");
    for (const key of ["channels", "ecosystem", "mode", "name", "snapshots"])
      ok(Object.hasOwn(mirror, key), key);
    deepEqual([mirror.name, mirror.ecosystem, mirror.mode], ["m", "apt", "verbatim"]);
    const [snapshot] = mirror.snapshots;
    const tree = await digestsBelow(join(site.data, "trees/m", first));
    let size = 0;
    for (const path of tree.keys()) size += (await stat(join(site.data, "trees/m", first, path))).size;
    deepEqual(snapshot, {
      id: first,
      created: snapshot?.created,
      packages: 3,
      files: tree.size,
      bytes: size,
      signedBy: [lab.vendor.fingerprint],
    });
    match(snapshot.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);

    await upstream.publish({ packages: TWO });
    assertSynced(await site.sync("m"), "updated");
    second = (await site.ids("m"))[1] ?? "";
    const expected = {
      added: [{ name: "fresh", arch: "all", version: "1" }],
      removed: [{ name: "gone", arch: "amd64", version: "1" }],
      changed: [
        { name: "base", arch: "amd64", from: "1.9", to: "1.10" },
        { name: "tool", arch: "amd64", from: "1", to: "2" },
      ],
    };
    deepEqual(await site.json("diff", `m@${first}`, `m@${second}`), [expected]);
    deepEqual(await site.json("diff", "m@stable", "m@latest"), [expected]);
    deepEqual(await site.json("diff", "m@latest", "m@latest"), [{ added: [], removed: [], changed: [] }]);
    const files = await site.ok("diff", `m@${first}`, `m@${second}`, "--files");
    match(files.stdout, /dists\/trixie\/InRelease/);
  });

  test("a client in mid-upgrade finds the packages that left the channel, for the grace", async () => {
    for (const url of [served.url, nginx.url]) {
      const apt = await client(url);
      clean(await apt.update());
      equal(await apt.candidate("gone"), "1");
      await move("promote", `m@${second}`, "stable");
      clean(await apt.install("gone", "tool"));
      deepEqual(await apt.installed(), { base: "1.9", gone: "1", tool: "1" });
      clean(await apt.update());
      equal(await apt.candidate("gone"), "1", "installed, so still known");
      clean(await apt.upgrade());
      deepEqual(await apt.installed(), { base: "1.10", gone: "1", tool: "2" });
      await move("rollback", "stable");
      deepEqual((await channelsOf("m"))["stable"], first);
    }
  });

  test("rollback says that apt keeps its newer lists, and what to do; such a client still installs", async () => {
    await move("promote", `m@${second}`, "stable");
    for (const url of [served.url, nginx.url]) {
      const apt = await client(url);
      clean(await apt.update());
      equal(await apt.candidate("tool"), "2");
      const back = await move("rollback", "stable");
      match(back.stderr, /newer state of trixie keep their lists without a word/);
      match(back.stderr, /rm -f \/var\/lib\/apt\/lists\/\S+ && apt-get update/);
      match(back.stderr, /snapshot's own URL/);
      equal((await channelsOf("m"))["stable"], first);

      // As apt does: its newer lists stay, without a word. What they name is still there.
      const ran = await apt.update();
      clean(ran);
      equal(await apt.candidate("tool"), "2");
      clean(await apt.install("tool"));
      // A client that had no lists gets the older state.
      const late = await client(url);
      clean(await late.update());
      equal(await late.candidate("tool"), "1");
      clean(await late.install("tool", "gone"));
      const there = await move("promote", `m@${second}`, "stable");
      equal(/lists/.test(there.stderr), false, "forward is nothing to warn of");
    }
  });

  test(
    "at a terminal, rollback says so before it does anything, and asks",
    { skip: needs("script") },
    async () => {
      const typed = async (answer: string): Promise<string> => {
        const command = site.commandLine("rollback", "stable").map((word) => `'${word}'`);
        return await must("script", ["-qec", command.join(" "), "/dev/null"], { input: answer });
      };
      const stays = await typed("n\n");
      match(stays, /keep their lists without a word[^]*Go on\?[^]*Nothing was changed/);
      equal((await channelsOf("m"))["stable"], second);
      match(await typed("y\n"), new RegExp(`Go on\\?[^]*${first}`));
      equal((await channelsOf("m"))["stable"], first);
      await move("promote", `m@${second}`, "stable");
    },
  );

  test("conditional requests are exact across promote and back", async () => {
    for (const url of [served.url, nginx.url]) {
      const root = `${url}/m/stable/dists/trixie/InRelease`;
      const ask = async (headers: Record<string, string> = {}): Promise<Response> => {
        const reply = await fetch(root, { headers });
        await reply.clone().arrayBuffer();
        return reply;
      };
      const now = await ask();
      const validators = {
        etag: now.headers.get("etag") ?? "",
        modified: now.headers.get("last-modified") ?? "",
      };
      ok(validators.etag !== "" && validators.modified !== "");
      equal((await ask({ "if-none-match": validators.etag })).status, 304);
      equal((await ask({ "if-modified-since": validators.modified })).status, 304);
      await move("rollback", "stable");
      for (const headers of [
        { "if-none-match": validators.etag },
        { "if-modified-since": validators.modified },
        { "if-none-match": validators.etag, "if-modified-since": validators.modified },
      ]) {
        const back = await ask(headers);
        equal(back.status, 200, "an older state is not `unchanged`");
        equal(
          sha256(new Uint8Array(await back.arrayBuffer())),
          (await digestsBelow(join(site.data, "trees/m", first))).get("dists/trixie/InRelease"),
        );
      }
      await move("promote", `m@${second}`, "stable");
      equal((await ask({ "if-none-match": validators.etag })).status, 304);
      equal((await ask({ "if-modified-since": validators.modified })).status, 304);
    }
  });

  test("a rollback of some mirrors leaves the others; a second one goes further back; the history tells it", async () => {
    await site.ok("promote", "latest", "train", "--yes");
    const [fix = ""] = await site.ids("s");
    await security.publish({ packages: [{ name: "fix", version: "2" }] });
    await upstream.publish({ packages: [{ name: "base", version: "3" }] });
    await site.ok("sync");
    const third = (await site.ids("m")).at(-1) ?? "";
    const better = (await site.ids("s")).at(-1) ?? "";
    await site.ok("promote", "latest", "train", "--yes");
    const state = async (): Promise<unknown[]> => [
      (await channelsOf("m"))["train"],
      (await channelsOf("s"))["train"],
    ];
    deepEqual(await state(), [third, better]);
    await site.ok("rollback", "train", "m", "--yes");
    deepEqual(await state(), [second, better]);
    await site.ok("promote", "latest", "train", "m", "--yes");
    deepEqual(await state(), [third, better]);
    await site.ok("rollback", "train", "--yes");
    deepEqual(await state(), [second, better]);
    await site.ok("promote", `m@${first}`, "train", "--yes");
    deepEqual(await state(), [first, better]);
    const history = await site.ok("show", "m");
    match(history.stdout, new RegExp(third));
    const audit = await site.ok("audit");
    match(audit.stdout, /rollback train/);
    match(audit.stdout, /promote/);
    await site.ok("promote", `s@${fix}`, "train", "--yes");
    deepEqual(await state(), [first, fix]);
  });

  test("gc deletes what nothing reaches, after the grace, and nothing else", async () => {
    const own = await lab.site();
    const source = await lab.upstream({ packages: ONE });
    const place = await lab.server(source.root);
    const mirror = mirrorOf(source, place.url, { keep: { last: 2 } });
    await own.configure({ m: mirror }, { grace: "1s" });
    for (let at = 1; at <= 4; at++) {
      if (at > 1)
        await source.publish({
          packages: [
            { name: "base", version: `${at}` },
            { name: "gone", version: "1" },
          ],
        });
      assertSynced(await own.sync("m"), "updated");
    }
    const ids = await own.ids("m");
    equal(ids.length, 4);
    await own.ok("promote", `m@${ids[0]}`, "stable", "--yes");
    await own.ok("snapshot", "pin", `m@${ids[1]}`);
    await own.ok("gc");
    deepEqual(await own.ids("m"), ids, "kept by a channel, a pin, and the policy");
    await own.ok("snapshot", "unpin", `m@${ids[1]}`);
    const old = await digestsBelow(join(own.data, "trees/m", ids[1] ?? ""));
    const kept = new Set<string>();
    for (const id of [ids[0], ids[2], ids[3]])
      for (const digest of (await digestsBelow(join(own.data, "trees/m", id ?? ""))).values())
        kept.add(digest);
    for (let round = 0; round < 3; round++) {
      await sleep(1200);
      await own.ok("gc");
    }
    deepEqual(await own.ids("m"), [ids[0], ids[2], ids[3]]);
    const blobs = new Set(
      [...(await digestsBelow(join(own.data, "blobs/sha256"))).keys()].map((path) => path.replace("/", "")),
    );
    const lost = [...kept].filter((digest) => !blobs.has(digest));
    // Roots lie in trees as copies, with the same bytes as their blobs.
    deepEqual(lost, [], "what is kept is all there");
    const left = [...old]
      .filter(([, digest]) => !kept.has(digest) && blobs.has(digest))
      .map(([path]) => path);
    deepEqual(left, [], "what only the removed snapshot had is gone");
    await stat(join(own.data, "trees/m", ids[1] ?? "")).then(
      () => ok(false, "the tree of the removed snapshot is there"),
      () => undefined,
    );
    await own.ok("verify");
    // Content that was collected comes back when it is needed again.
    await source.publish({
      packages: [
        { name: "base", version: "2" },
        { name: "gone", version: "1" },
      ],
    });
    assertSynced(await own.sync("m"), "updated");
    await own.ok("verify");
  });
});
