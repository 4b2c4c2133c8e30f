import { deepEqual, equal } from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sluiceSite } from "../clients/sluice.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced, digestsBelow } from "../e2e/apt/lab.ts";
import { staticServer } from "../servers/static.ts";
import type { StaticServer } from "../servers/static.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Age, World, WorldKind, WorldSize } from "./world.ts";

/** Path and SHA-256 of every file of a tree. */
export type Tree = ReadonlyMap<string, string>;

/** A world with its upstream served, and sites that mirror it as `m`. */
export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly server: StaticServer;
  /** What a mirror of each state holds, and what it took to fetch. */
  readonly whole: Readonly<
    Record<Age, { readonly tree: Tree; readonly requests: number; readonly bytes: number }>
  >;
  /** Serves this state, as a sound server does, and forgets the requests so far. */
  serve(age: Age): void;
  /** A fresh site, with its data in this folder or one of its own. */
  site(options?: SiteOptions): Promise<SluiceSite>;
}

export interface SiteOptions {
  readonly data?: string | undefined;
  /** Of the upstream; the stage's own server by default. */
  readonly url?: string | undefined;
  /** Its runs are made in this process, which is several times faster. */
  readonly inline?: boolean | undefined;
  /** Of the mirror. */
  readonly mirror?: Readonly<Record<string, unknown>> | undefined;
  /** Of the site. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

export async function openStage(world: World): Promise<Stage> {
  const server = await staticServer(world.states.old);

  async function site({ data, url, inline, mirror, config }: SiteOptions = {}): Promise<SluiceSite> {
    const made = await sluiceSite("site", data, inline);
    await made.configure({ m: world.mirror(url ?? server.url, mirror) }, config);
    return made;
  }

  async function whole(age: Age) {
    await using fresh = await site({ inline: true });
    serve(age);
    assertSynced(await fresh.sync("m"), "updated");
    const tree = await digestsBelow(join(fresh.data, "trees/m/latest"));
    const bytes = server.requests.reduce((sum, request) => sum + request.bytes, 0);
    return { tree, requests: server.requests.length, bytes };
  }

  function serve(age: Age): void {
    server.root = world.states[age];
    server.onRequest = undefined;
    server.clear();
  }

  const stage = {
    world,
    server,
    whole: { old: await whole("old"), new: await whole("new") },
    serve,
    site,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
    },
  };
  serve("old");
  return stage;
}

const shared = new Map<string, Promise<Stage>>();

/** A stage that the faults of one run share, one after the other, since to make it takes as long as some tries. `closeStages` closes it. */
export async function sharedStage(kind: WorldKind, size: WorldSize): Promise<Stage> {
  const key = JSON.stringify([kind.ecosystem, size]);
  const opening = shared.get(key) ?? kind.open(size).then(openStage);
  shared.set(key, opening);
  const stage = await opening;
  stage.serve("old");
  return stage;
}

export async function closeStages(): Promise<void> {
  const stages = [...shared.values()];
  shared.clear();
  for (const stage of await Promise.all(stages)) {
    await stage[Symbol.asyncDispose]();
    await stage.world[Symbol.asyncDispose]();
  }
}

/** Which state a tree is a whole copy of; anything else fails the test, naming the first paths that are wrong. */
export function ageOf(stage: Stage, tree: Tree, what: string): Age {
  const faults = (age: Age): string[] => {
    const wanted = stage.whole[age].tree;
    const wrong = [...tree].filter(([path, digest]) => wanted.get(path) !== digest).map(([path]) => path);
    return [...wrong, ...[...wanted.keys()].filter((path) => !tree.has(path)).map((path) => `no ${path}`)];
  };
  const found = { old: faults("old"), new: faults("new") };
  if (found.old.length === 0) return "old";
  deepEqual(found.new.slice(0, 5), [], `${what} is neither the old state nor the new one`);
  return "new";
}

/** Holds that every tree that a client can reach is whole; the age of each, by the name of its channel or snapshot. */
export async function agesOf(stage: Stage, site: SluiceSite): Promise<Readonly<Record<string, Age>>> {
  const ages: Record<string, Age> = {};
  const names = await readdir(join(site.data, "trees/m")).catch(() => []);
  for (const name of names.filter((name) => !name.startsWith("."))) {
    const tree = await digestsBelow(join(site.data, "trees/m", name)).catch(
      (fault: NodeJS.ErrnoException) => {
        // The constant link of a channel that never got its first snapshot.
        if (fault.code !== "ENOENT") throw fault;
      },
    );
    if (tree !== undefined) ages[name] = ageOf(stage, tree, `trees/m/${name}`);
  }
  return ages;
}

/** The same, and that `verify` finds nothing. */
export async function assertSound(stage: Stage, site: SluiceSite): Promise<Readonly<Record<string, Age>>> {
  const ages = await agesOf(stage, site);
  await site.ok("verify");
  return ages;
}

/** Holds that a run continues what was interrupted, that a further one has nothing to do, and that nothing is left behind. */
export async function assertContinues(stage: Stage, site: SluiceSite, age: Age): Promise<void> {
  const line = await site.sync("m");
  equal(line.error, undefined);
  equal((await assertSound(stage, site))["latest"], age);
  assertSynced(await site.sync("m"), "unchanged");
  deepEqual(await filesBelow(join(site.data, "tmp")).catch(() => []), [], "nothing is left in tmp/");
}
