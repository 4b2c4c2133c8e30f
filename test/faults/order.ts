import { deepEqual, equal, ok } from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { DISK_CALLS, diskSteps } from "./disk-steps.ts";
import type { DiskStep } from "./disk-steps.ts";
import type { Fault, Outcome } from "./fault.ts";
import { manyFiles, smallFiles } from "./operations.ts";
import { breaches } from "./order-check.ts";
import { sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import { killAt, skipStrace, trace } from "./strace.ts";
import type { WorldKind, WorldSize } from "./world.ts";

interface Sites {
  readonly patient: SluiceSite;
  /** The same without a time of grace, so that there is something to remove. */
  readonly prompt: SluiceSite;
  /** Another one. */
  readonly killed: SluiceSite;
}

/** A command whose writes are looked at; the next one goes on from there. */
interface Command {
  readonly name: string;
  readonly args: readonly string[];
  /** What is done before it, unseen. */
  readonly first?: (stage: Stage, sites: Sites) => Promise<unknown>;
  readonly by?: keyof Sites;
  readonly exit?: number;
  /** There is nothing to do for it. */
  readonly idle?: true;
}

const SYNC = ["sync", "m"];
const PROMOTE = ["promote", "latest", "stable", "--yes"];

const COMMANDS: readonly Command[] = [
  { name: "first sync", args: SYNC },
  { name: "sync that goes on after a kill", args: SYNC, first: killSync, by: "killed" },
  { name: "first promote", args: PROMOTE },
  { name: "sync of an update", args: SYNC, first: async (stage) => stage.serve("new") },
  { name: "sync with nothing to do", args: SYNC, idle: true },
  { name: "promote", args: PROMOTE },
  { name: "rollback", args: ["rollback", "stable", "--yes"] },
  { name: "pin", args: ["snapshot", "pin", "m@stable"] },
  { name: "unpin", args: ["snapshot", "unpin", "m@stable"] },
  { name: "verify that finds a bad blob", args: ["verify"], first: spoil, exit: 1 },
  { name: "sync that repairs it", args: SYNC },
  { name: "removal of a snapshot", args: ["snapshot", "remove"], first: leaveStable, by: "prompt" },
  { name: "gc", args: ["gc"], by: "prompt" },
  { name: "gc with nothing to do", args: ["gc"], by: "prompt", idle: true },
];

/** Those that write many files. */
const MANY: readonly Command[] = COMMANDS.filter(({ name }) => /^(first sync|sync that goes on)/.test(name));

async function killSync(_stage: Stage, { killed }: Sites): Promise<void> {
  const { signal } = await killAt(killed, SYNC, { name: "rename", nth: 12 });
  equal(signal, "SIGKILL");
}

/** Flips a bit of a package in place, in the tree and so in its blob. */
async function spoil({ world }: Stage, { patient }: Sites): Promise<void> {
  await using file = await open(join(patient.data, "trees/m/latest", world.ownPackage.new), "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 0);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 0);
}

async function leaveStable(_stage: Stage, { prompt }: Sites): Promise<void> {
  await prompt.ok(...PROMOTE);
}

async function look(stage: Stage, sites: Sites, command: Command): Promise<void> {
  await command.first?.(stage, sites);
  const site = sites[command.by ?? "patient"];
  const args =
    command.args[1] === "remove" ? [...command.args, `m@${(await site.ids("m"))[0]}`] : command.args;
  const { ran, calls } = await trace(site, args, DISK_CALLS);
  equal(ran.code, command.exit ?? 0, ran.stderr);
  const steps = diskSteps(calls).filter(({ path }) => path.startsWith(`${site.data}/`));
  ok(steps.length > 0, "nothing was seen of it");
  if (command.idle === true) deepEqual(steps.filter(leavesTraces(site.data)), []);
  deepEqual(breaches(calls, site.data, command.name === "gc").slice(0, 5), []);
}

/** All but what a lock needs. */
function leavesTraces(data: string): (step: DiskStep) => boolean {
  return ({ kind, path }) =>
    kind !== "sync" && kind !== "sync-all" && !/^(locks\/|tmp\/note-)/.test(path.slice(data.length + 1));
}

async function lookAtAll(kind: WorldKind, size: WorldSize, commands: readonly Command[]): Promise<Outcome> {
  const stage = await sharedStage(kind, size);
  const home = await tempFolder("order");
  try {
    // Its parents are made with it.
    const data = join(home, "not/there/yet");
    await using patient = await stage.site({ data, inline: true });
    const none = { config: { grace: "0s" }, mirror: { keep: { last: 1 } } };
    await using prompt = await stage.site({ data, inline: true, ...none });
    await using killed = await stage.site();
    for (const command of commands) {
      await look(stage, { patient, prompt, killed }, command).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`${command.name}: ${message}`, { cause: error });
      });
    }
    return { tried: commands.length, outcomes: { "in order": commands.length } };
  } finally {
    await removeFolder(home);
  }
}

/** The order of writes, as the kernel saw it. */
export const order: readonly Fault[] = [
  {
    name: "order of writes",
    promise: "data is durable before its record, the record before what is seen, in every command",
    quick: COMMANDS.length,
    long: COMMANDS.length,
    skip: skipStrace,
    run: async (kind) => await lookAtAll(kind, smallFiles(1), COMMANDS),
  },
  {
    name: "order of writes, many files",
    promise: "the same where a thread of their own writes them",
    engine: true,
    quick: MANY.length,
    long: MANY.length,
    skip: skipStrace,
    run: async (kind) => await lookAtAll(kind, manyFiles(), MANY),
  },
];
