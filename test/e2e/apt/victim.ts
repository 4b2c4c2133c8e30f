import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonLines, refused } from "../../clients/sluice.ts";
import type { Served, SluiceSite, SyncLine } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import { filesBelow } from "../../upstreams/apt.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import type { AptChange } from "../../upstreams/apt-spec.ts";
import { assertSynced, digestsBelow, digestsServed, mirrorOf, openLab, sha256 } from "./lab.ts";
import type { Lab } from "./lab.ts";

/** A site with one good snapshot, which is served all the time while one bad upstream after the other is offered to it. */
export interface Victim {
  readonly lab: Lab;
  readonly good: AptRepository;
  readonly server: StaticServer;
  readonly site: SluiceSite;
  /** The next state of the upstream, with whatever is wrong with it. No two have a file in common: what one left behind must not help another. */
  next(change?: AptChange): Promise<AptRepository>;
  /** Where the state made last has the package `tool`. */
  toolPath(): string;
  /** Syncs from a folder, and holds that it is refused with this code and leaves no trace; the sentence that was said. */
  refuses(bad: string, code: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Holds that no blob has these bytes. */
  lacks(bytes: Uint8Array): Promise<void>;
}

export async function openVictim(): Promise<Victim> {
  const lab = await openLab();
  try {
    return await victimIn(lab);
  } catch (fault) {
    // Without a victim the test file has nothing to clean up by.
    await lab.cleanup.run();
    throw fault;
  }
}

async function victimIn(lab: Lab): Promise<Victim> {
  const good = await lab.upstream();
  const server = await lab.server(good.root);
  const site = await lab.site();
  await site.configure({ m: mirrorOf(good, server.url) });
  assertSynced(await site.sync("m"), "updated");
  await site.ok("promote", "latest", "stable", "--yes");
  const [id = ""] = await site.ids("m");
  const served = lab.cleanup.use(await site.serve());
  let states = 0;

  async function refuses(
    bad: string,
    code: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const before = await visible(site);
    const blobs = await blobNames(site);
    await site.configure({ m: mirrorOf(good, server.url, more) });
    server.root = bad;
    server.clear();
    const ran = await site.run("sync", "m", "--json");
    server.onRequest = undefined;
    refused(ran, code);
    const line = jsonLines<SyncLine>(ran.stdout).at(-1);
    deepEqual([line?.result, line?.error?.code], ["failed", code], line?.error?.message);
    const message = line?.error?.message ?? "";
    match(message, /^[^\n]{20,600}\.$/, "one sentence");

    deepEqual(await visible(site), before, "neither records nor trees have changed");
    deepEqual(await filesBelow(join(site.data, "tmp")), [], "nothing is left in tmp/");
    await assertServed(served, before, id);
    for (const name of await blobNames(site)) {
      if (blobs.has(name)) continue;
      const bytes = await readFile(join(site.data, "blobs/sha256", name));
      equal(sha256(bytes), name.replace("/", ""), "a blob is what its name says");
    }
    return message;
  }

  return {
    lab,
    good,
    server,
    site,
    refuses,
    async next(change = {}) {
      const bad = await lab.fork(good);
      states++;
      const packages = [
        { name: "base", version: `1:2.${states}` },
        { name: "tool", version: `3.${states}`, depends: "base" },
      ];
      await bad.publish({ packages, ...change });
      return bad;
    },
    toolPath: () => `pool/main/t/tool/tool_3.${states}_amd64.deb`,
    async lacks(bytes) {
      const name = sha256(bytes).replace(/^../, (two) => `${two}/`);
      equal((await blobNames(site)).has(name), false, "the bad bytes are not in the store");
    },
  };
}

/** All that says what there is: records and trees. */
async function visible(site: SluiceSite): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of ["refs", "trees"])
    for (const [path, digest] of await digestsBelow(join(site.data, folder)))
      found.set(`${folder}/${path}`, digest);
  return found;
}

async function blobNames(site: SluiceSite): Promise<Set<string>> {
  return new Set(await filesBelow(join(site.data, "blobs/sha256")));
}

async function assertServed(served: Served, seen: ReadonlyMap<string, string>, id: string): Promise<void> {
  const tree = [...seen].filter(([path]) => path.startsWith(`trees/m/${id}/`));
  ok(tree.length > 10);
  for (const at of ["latest", "stable", id]) {
    const expected = new Map(
      tree.map(([path, digest]) => [path.replace(`trees/m/${id}`, `m/${at}`), digest]),
    );
    deepEqual(await digestsServed(served.url, expected.keys()), expected, "served as before");
  }
}
