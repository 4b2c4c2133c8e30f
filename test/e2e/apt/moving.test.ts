import { after, before, suite, test } from "node:test";
import { deepEqual, equal, ok } from "node:assert/strict";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { filesBelow } from "../../upstreams/apt.ts";
import { assertCopyOf, assertSynced, digestsBelow, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const OLD = [
  { name: "base", version: "1" },
  { name: "tool", version: "1", depends: "base" },
];
const NEW = [
  { name: "base", version: "2" },
  { name: "tool", version: "2", depends: "base" },
];

suite("an upstream that changes in the middle of a sync", { skip: skipApt }, () => {
  let lab: Lab;
  before(async () => (lab = await openLab()));
  after(async () => await lab.cleanup.run());

  interface Moving {
    readonly old: AptRepository;
    readonly now: AptRepository;
    readonly server: StaticServer;
    readonly requests: number;
  }

  /** Two states, the second with or without the files of the first, and how many requests a sync of the first takes. */
  async function moving(byHash: false | "field", keep = false): Promise<Moving> {
    const old = await lab.upstream({ packages: OLD, byHash, perArchRelease: false, binaryAll: false });
    const now = await lab.fork(old);
    await now.publish({ packages: NEW }, { keepByHash: keep, keepPool: keep });
    const server = await lab.server(old.root);
    const site = await syncedSite({ old, now, server, requests: 0 });
    const requests = server.requests.length;
    ok(requests >= 7, "roots, indices and packages");
    await site[Symbol.asyncDispose]();
    return { old, now, server, requests };
  }

  async function syncedSite({ old, server }: Moving): Promise<SluiceSite> {
    const site = await lab.site();
    await site.configure({ m: mirrorOf(old, server.url, { connections: 1, pipelining: 1 }) });
    server.clear();
    assertSynced(await site.sync("m"), "updated");
    return site;
  }

  /** Holds that the one snapshot is all of one state, proves it again without a network, and, with `install`, installs from it. */
  async function assertWhole(site: SluiceSite, { old, now }: Moving, install: boolean): Promise<string> {
    const made = await readdir(join(site.data, "refs/snapshots/m"));
    equal(made.length, 1);
    const tree = await digestsBelow(join(site.data, "trees/m/latest"));
    const root = tree.get("dists/trixie/InRelease");
    const states = [old, now];
    const digests = await Promise.all(states.map(async (state) => await digestsBelow(state.root)));
    const at = digests.findIndex((state) => state.get("dists/trixie/InRelease") === root);
    const state = states[at];
    const files = digests[at];
    ok(state !== undefined && files !== undefined, "InRelease is that of one of the states");
    assertCopyOf(tree, files, state === old ? "the old state" : "the new state");
    const packages = [...tree.keys()].filter((path) => path.endsWith(".deb"));
    equal(packages.length, state.state.packages.length, "no package is missing");
    await site.ok("verify", "m");
    const version = state === old ? "1" : "2";
    if (!install) return version;
    const apt = await lab.apt();
    await apt.source(aptSource(`file://${site.data}/trees/m/latest`, "trixie", "main", lab.vendor.armoured));
    clean(await apt.update());
    clean(await apt.install("tool"));
    deepEqual(await apt.installed(), { base: version, tool: version });
    return version;
  }

  const KINDS = [
    { what: "with by-hash, as Debian does: the old files stay", byHash: "field", keep: true },
    { what: "with by-hash, the old files gone", byHash: "field", keep: false },
    { what: "without by-hash, the old files gone", byHash: false, keep: false },
  ] as const;
  for (const { what, byHash, keep } of KINDS) {
    test(`at each request in turn, ${what}`, async () => {
      const states = await moving(byHash, keep);
      const outcomes: string[] = [];
      for (let n = 1; n <= states.requests; n++) {
        states.server.root = states.old.root;
        states.server.onRequest = (request) => {
          if (request.n === n) states.server.root = states.now.root;
          return undefined;
        };
        const site = await syncedSite(states);
        // Between these, what is there is byte for byte what was installed from.
        outcomes.push(await assertWhole(site, states, n === 1 || n === states.requests));
        await site[Symbol.asyncDispose]();
      }
      equal(outcomes[0], "2", "replaced before the first answer");
      // Where the old files stay, a sync that has its roots goes on to the end; else it finds holes, and takes the new state.
      equal(outcomes.at(-1), keep ? "1" : "2");
    });
  }

  test("half-published for a while: new files and new Release, but the old InRelease", async () => {
    const states = await moving("field");
    const half = await lab.fork(states.now);
    await cp(join(states.old.root, "dists/trixie/InRelease"), join(half.root, "dists/trixie/InRelease"));
    for (let n = 1; n <= states.requests; n++) {
      states.server.root = states.old.root;
      states.server.onRequest = (request) => {
        if (request.n === n) states.server.root = half.root;
        if (request.n === n + 4) states.server.root = states.now.root;
        return undefined;
      };
      const site = await syncedSite(states);
      await assertWhole(site, states, n === 1 || n === states.requests);
      await site[Symbol.asyncDispose]();
    }
  });

  test("without rest: given up by name, and nothing is made of it", async () => {
    const states = await moving(false);
    const site = await lab.site();
    await site.configure({ m: mirrorOf(states.old, states.server.url) });
    // Every answer about indices comes from the other state than the roots.
    states.server.onRequest = ({ path }) => {
      if (path.endsWith("/InRelease"))
        states.server.root = states.server.root === states.old.root ? states.now.root : states.old.root;
      return /Packages|Translation|\.deb$/.test(path) ? { status: 404 } : undefined;
    };
    states.server.clear();
    const line = await site.sync("m");
    deepEqual([line.code, line.result, line.error?.code], [1, "failed", "upstream_moving"]);
    ok(states.server.requests.length < 200, "a bounded number of times");
    deepEqual(await site.ids("m"), []);
    deepEqual(await filesBelow(join(site.data, "trees")).catch(() => []), []);
  });
});
