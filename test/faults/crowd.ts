import { equal, ok } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDirectoryReader } from "../../src/store/directory/open.ts";
import type { Served, SluiceSite } from "../clients/sluice.ts";
import { assertSynced, digestsBelow } from "../e2e/apt/lab.ts";
import { audit } from "./crowd-audit.ts";
import { startMember } from "./crowd-member.ts";
import type { Member } from "./crowd-member.ts";
import { anyOperation, outcomeOf, reportedBy } from "./crowd-operations.ts";
import type { Reported } from "./crowd-operations.ts";
import { readServed, readTree } from "./crowd-reader.ts";
import type { Fault, Outcome } from "./fault.ts";
import { sharedStage } from "./stage.ts";
import type { Stage, Tree } from "./stage.ts";
import { randomOf } from "./tries.ts";
import type { WorldKind } from "./world.ts";

const SIZE = { packages: 6, bytesEach: 20_000 };
const PROCESSES = 8;
const CHANNELS = ["latest", "stable", "testing"];
/** A long run goes on for so long, however fast it is. */
const LONG = { operations: 400, ms: 120_000, states: 10 };

export const crowd: readonly Fault[] = [
  {
    name: "crowd: eight processes",
    promise:
      "runs by chance, some killed, some stopped, leave one line of history for each channel, and clients always a whole state",
    engine: true,
    quick: 40,
    long: LONG.operations,
    skip: false,
    run,
  },
];

interface Crowd {
  readonly site: SluiceSite;
  readonly states: readonly Tree[];
  readonly random: () => number;
  /** In the order of their places; one that was killed is replaced. */
  readonly members: Member[];
  readonly outcomes: Map<string, number>;
  readonly reported: Reported[];
  done: number;
  over: boolean;
  /** How long a run takes, about. */
  runMs: number;
  /** How long one is stopped at most; and once for so long. */
  readonly stopMs: number;
  longMs: number;
}

async function run(kind: WorldKind, amount: number): Promise<Outcome> {
  const stage = await sharedStage(kind, SIZE);
  const long = amount >= LONG.operations;
  const folders = [
    ...Object.values(stage.world.states),
    ...(await stage.world.later(long ? LONG.states : 1)),
  ];
  await using site = await stage.site({
    inline: true,
    mirror: { keep: { last: 2 } },
    config: { grace: "2s", scrub: { rate: "unlimited", every: long ? "5s" : "2s" } },
  });
  const states = await statesOf(stage, folders);
  assertSynced(await site.sync("m"), "updated");
  const served = await site.serve("--quiet");
  const made: Crowd = {
    site,
    states,
    random: randomOf(amount),
    members: await Promise.all(Array.from({ length: PROCESSES }, async () => startMember(site))),
    outcomes: new Map(),
    reported: [],
    done: 0,
    over: false,
    runMs: 200,
    stopMs: long ? 4000 : 600,
    // Longer than any process waits for another one that looks after a crash.
    longMs: long ? 65_000 : 0,
  };
  const began = performance.now();
  const more = (): boolean =>
    !made.over && (made.done < amount || (long && performance.now() - began < LONG.ms));
  try {
    await together(made, [
      ...made.members.map(async (_, place) => work(made, place, more)),
      publish(made, stage, folders, (): number => made.done / amount),
      readTrees(made),
      readOverHttp(made, served),
    ]);
  } finally {
    await Promise.all(made.members.map(async (member) => member.end()));
    await served[Symbol.asyncDispose]();
  }
  const { stderr } = await served.done;
  equal(stderr, "", "neither the server nor its scrub has anything to tell");
  stage.server.root = folders.at(-1) ?? "";
  equal((await site.sync("m")).error, undefined);
  await audit(site, states, made.reported);
  return { tried: made.done, outcomes: Object.fromEntries(made.outcomes) };
}

/** Ends all when the work is done, or with the first fault. */
async function together(made: Crowd, all: readonly Promise<void>[]): Promise<void> {
  const workers = all.slice(0, PROCESSES);
  const stop = (): void => void (made.over = true);
  void Promise.all(workers).then(stop, stop);
  const settled = await Promise.allSettled(
    all.map(async (one) => one.catch((fault: unknown) => (stop(), Promise.reject(fault)))),
  );
  const fault = settled.find((one) => one.status === "rejected");
  if (fault !== undefined) throw fault.reason;
}

/** What a mirror of each state holds. */
async function statesOf(stage: Stage, folders: readonly string[]): Promise<Tree[]> {
  const trees: Tree[] = [];
  for (const folder of folders) {
    await using fresh = await stage.site({ inline: true });
    stage.server.root = folder;
    assertSynced(await fresh.sync("m"), "updated");
    trees.push(await digestsBelow(join(fresh.data, "trees/m/latest")));
  }
  stage.serve("old");
  return trees;
}

function count({ outcomes }: Crowd, what: string): void {
  outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
}

/** One place of the crowd: runs by chance, one after the other, in a process that is replaced where it is killed. */
async function work(made: Crowd, place: number, more: () => boolean): Promise<void> {
  while (more()) {
    made.done++;
    const ids = await readdir(join(made.site.data, "refs/snapshots/m"));
    const operation = anyOperation(made.random, ids);
    const member = made.members[place];
    ok(member);
    const ended = new AbortController();
    const disturbed = disturb(made, member, ended.signal);
    const began = performance.now();
    const ran = await member.run(operation.args);
    ended.abort();
    await disturbed;
    if (ran === undefined) {
      made.members[place] = await startMember(made.site);
      continue;
    }
    made.runMs += (Math.min(performance.now() - began, 2000) - made.runMs) / 16;
    const outcome = outcomeOf(operation, ran);
    count(made, outcome === "done" ? `${operation.name} done` : `${operation.name} refused: ${outcome}`);
    const reported = outcome === "done" ? reportedBy(operation, ran) : undefined;
    if (reported !== undefined) made.reported.push(reported);
  }
}

/** The upstream goes from state to state, and now and then back for a moment, as a mirror that lags does. */
async function publish(
  made: Crowd,
  { server }: Stage,
  folders: readonly string[],
  progress: () => number,
): Promise<void> {
  while (!made.over) {
    const at = Math.min(folders.length - 1, Math.floor(progress() * folders.length));
    const lags = made.random() < 0.15;
    server.root = folders[Math.max(0, lags ? at - 1 : at)] ?? server.root;
    await sleep(lags ? 100 : 250);
  }
}

/** Kills or stops the process in its run, by chance, mostly while it holds a lock. `ended` is aborted with the run. */
async function disturb(made: Crowd, member: Member, ended: AbortSignal): Promise<void> {
  const chance = made.random();
  if (chance > 0.45) return;
  const late = made.random() * made.runMs;
  const locked = made.random() < 0.7;
  const began = performance.now();
  for (;;) {
    await sleep(locked ? 2 : late);
    if (ended.aborted) return;
    if (!locked || (await holdersOf(made.site.data)).includes(member.pid)) break;
    // Not every run takes a lock.
    if (performance.now() - began > 10 * made.runMs) return;
  }
  const who = locked ? "holder of a lock" : "process";
  if (chance < 0.2) {
    count(made, `${who} killed`);
    member.kill();
    return;
  }
  const long = locked ? made.longMs : 0;
  if (locked) made.longMs = 0;
  count(made, long > 0 ? `${who} stopped for ${long / 1000} s` : `${who} stopped`);
  await member.pause(long > 0 ? long : made.random() * made.stopMs);
}

/** Who holds a lock, by the notes beside the locks. */
async function holdersOf(data: string): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir(join(data, "locks"))) {
    if (!name.endsWith(".json")) continue;
    const text = await readFile(join(data, "locks", name), "utf8").catch(() => "{}");
    const { pid } = JSON.parse(text) as { pid?: number };
    if (pid !== undefined) pids.push(pid);
  }
  return pids;
}

async function readTrees(made: Crowd): Promise<void> {
  let looks = 0;
  while (!made.over || looks === 0) {
    for (const channel of CHANNELS) if (await readTree(made.site.data, channel, made.states)) looks++;
    await sleep(40);
  }
}

async function readOverHttp(made: Crowd, { url }: Served): Promise<void> {
  const store = await openDirectoryReader(made.site.data);
  while (!made.over)
    for (const channel of CHANNELS)
      if (await readServed(url, store, channel, made.states)) count(made, "channel read whole over HTTP");
  await store.close();
}
