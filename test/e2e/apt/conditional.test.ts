import { after, before, suite, test } from "node:test";
import { deepEqual, equal, ok } from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { nginxServer, treesSite } from "../../servers/nginx.ts";
import { assertSynced, digestsBelow, mirrorOf, openLab, sha256, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const ONE = [
  { name: "base", version: "1" },
  { name: "tool", version: "1", depends: "base" },
];
const TWO = [
  { name: "base", version: "1" },
  { name: "tool", version: "2", depends: "base" },
];

// apt-anchors 19: a client asks by the date that it has, and must see each move of a channel, and no move where
// there was none.
suite("conditional requests across promote and rollback", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  /** The second changes `trixie`, and leaves `trixie-updates` as it is. */
  let first = "";
  let second = "";
  const servers: { name: string; url: string }[] = [];

  before(async () => {
    lab = await openLab();
    const upstream = await lab.upstream({ packages: ONE, suites: ["trixie", "trixie-updates"] });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    assertSynced(await site.sync("m"), "updated");
    const old = await lab.fork(upstream);
    // Blobs of two states must not be of one second: dates have no more.
    await sleep(1100);
    await upstream.publish({ packages: TWO }, { keepPool: true });
    const updates = "dists/trixie-updates";
    await rm(join(upstream.root, updates), { recursive: true });
    await cp(join(old.root, updates), join(upstream.root, updates), { recursive: true });
    assertSynced(await site.sync("m"), "updated");
    [first = "", second = ""] = await site.ids("m");
    await site.ok("promote", `m@${first}`, "stable", "--yes");
    servers.push({ name: "sluice", url: lab.cleanup.use(await site.serve()).url });
    servers.push({ name: "workers", url: lab.cleanup.use(await site.serve("--workers", "2")).url });
    servers.push({ name: "nginx", url: lab.cleanup.use(await nginxServer(treesSite(site.data))).url });
  });
  after(async () => await lab.cleanup.run());

  const move = async (id: string): Promise<void> => {
    await site.ok("promote", `m@${id}`, "stable", "--yes");
    // What the embedded server has seen lately it does not ask for again at once.
    await sleep(600);
  };

  /** What `apt-get update` says of each suite's root: Hit, or Get where the server sent it. */
  async function update(apt: AptClient): Promise<Record<string, string>> {
    const ran = await apt.update();
    clean(ran);
    const said = ran.stdout.matchAll(/^(Hit|Get|Ign):\d+ \S+ (\S+) InRelease/gm);
    return Object.fromEntries([...said].map(([, what = "", name = ""]) => [name, what]));
  }

  for (const name of ["sluice", "workers", "nginx"]) {
    test(`${name}: apt gets a root again when the channel has moved, and only then`, async () => {
      const url = servers.find((one) => one.name === name)?.url ?? "";
      await move(first);
      const apt = await lab.apt();
      const source = aptSource(`${url}/m/stable`, "trixie trixie-updates", "main", lab.vendor.armoured);
      await apt.source(source);
      deepEqual(await update(apt), { trixie: "Get", "trixie-updates": "Get" });
      deepEqual(await update(apt), { trixie: "Hit", "trixie-updates": "Hit" });
      await move(second);
      deepEqual(await update(apt), { trixie: "Get", "trixie-updates": "Hit" });
      equal(await apt.candidate("tool"), "2");
      deepEqual(await update(apt), { trixie: "Hit", "trixie-updates": "Hit" });
      await move(first);
      // It is sent, though it is older; apt itself keeps what it has.
      deepEqual(await update(apt), { trixie: "Get", "trixie-updates": "Hit" });
      await move(second);
      deepEqual(await update(apt), { trixie: "Hit", "trixie-updates": "Hit" });
      clean(await apt.install("tool"));
    });

    test(`${name}: any file is sent where its bytes differ, and not where they are the same`, async () => {
      const url = servers.find((one) => one.name === name)?.url ?? "";
      const trees = new Map<string, Map<string, string>>();
      for (const id of [first, second]) trees.set(id, await digestsBelow(join(site.data, "trees/m", id)));
      const paths = [...(trees.get(first)?.keys() ?? [])].filter((path) => trees.get(second)?.has(path));
      const differ = paths.filter((path) => trees.get(first)?.get(path) !== trees.get(second)?.get(path));
      ok(
        differ.some((path) => path.endsWith("/InRelease")) &&
          differ.some((path) => /\/Packages\./.test(path)),
      );
      ok(paths.some((path) => path.includes("by-hash/")) && paths.some((path) => path.startsWith("pool/")));
      const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
        await fetch(`${url}/m/stable/${path.split("/").map(encodeURIComponent).join("/")}`, { headers });
      const held = new Map<string, { etag: string; date: string; digest: string }>();
      for (const id of [first, second, first, second]) {
        await move(id);
        for (const path of paths) {
          const now = trees.get(id)?.get(path) ?? "";
          const before = held.get(path);
          if (before !== undefined) {
            const wanted = before.digest === now ? 304 : 200;
            for (const headers of [
              { "If-Modified-Since": before.date },
              { "If-None-Match": before.etag },
              { "If-Modified-Since": before.date, "If-None-Match": before.etag },
            ] as Record<string, string>[]) {
              const reply = await ask(path, headers);
              const body = new Uint8Array(await reply.arrayBuffer());
              equal(reply.status, wanted, `${path} at ${id}: ${JSON.stringify(headers)}`);
              if (wanted === 200) equal(sha256(body), now, path);
            }
          }
          const whole = await ask(path);
          equal(sha256(new Uint8Array(await whole.arrayBuffer())), now, path);
          const [etag, date] = [whole.headers.get("etag") ?? "", whole.headers.get("last-modified") ?? ""];
          held.set(path, { etag, date, digest: now });
        }
      }
    });
  }
});
