import { equal, match } from "node:assert/strict";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import type { Ran } from "../run.ts";
import type { Fault, Outcome } from "./fault.ts";
import { FIRST_SYNC, GC, PROMOTE, ROLLBACK, smallFiles, UPDATE } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { copyData, openScene, siteFor } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { skipSmallDisk, smallDisk } from "./small-disk.ts";
import type { Room, SmallDisk } from "./small-disk.ts";
import { assertBetween, assertGoesOn, oneByOne } from "./struck.ts";
import type { WorldKind } from "./world.ts";

const VERIFY: Operation = {
  ...PROMOTE,
  name: "verify",
  args: ["verify"],
  after: PROMOTE.before,
  again: async (site) => void (await site.ok("verify")),
  idle: async (site) => void (await site.ok("verify")),
};

const OPERATIONS: readonly Operation[] = [UPDATE, GC, FIRST_SYNC, PROMOTE, VERIFY, ROLLBACK];
/** These must be possible without any room. */
const FRUGAL: readonly Operation[] = [GC, VERIFY];

/** What is short: room for bytes or for files from the start on, or another program takes the bytes while the run fetches. */
type Short = "bytes" | "files" | "bytes, meanwhile";

/** So much of what the operation needs is there. */
interface Shortage {
  readonly short: Short;
  readonly percent: number;
}

async function siteOn({ stage, operation, before }: Scene, disk: SmallDisk): Promise<SluiceSite> {
  const site = await siteFor(stage, operation, join(disk.folder, "data"));
  await copyData(before, site.data);
  return site;
}

/** What the operation takes, measured on a disk with ample room. */
async function needOf(scene: Scene): Promise<Room> {
  await using disk = await smallDisk();
  await using site = await siteOn(scene, disk);
  const before = await disk.used();
  equal((await site.run(...scene.operation.args)).code, 0);
  const after = await disk.used();
  // What is there only for a time counts too: a few files.
  return {
    bytes: Math.max(after.bytes - before.bytes, 0) + 4 * 4096,
    inodes: Math.max(after.inodes - before.inodes, 0) + 8,
  };
}

/** One sentence that says that there is no room, and what to do. */
function assertTold(ran: Ran): void {
  equal(ran.code, 1, `${ran.signal}: ${ran.stderr}`);
  const errors = ran.stderr.split("\n").filter((line) => line.includes("error["));
  equal(errors.length, 1, ran.stderr);
  match(errors[0] ?? "", /^sluice: error\[disk_full\]: .{20,400}: make room/);
  equal(/^\s+at .*:\d+:\d+/m.test(ran.stderr), false, `a stack shows: ${ran.stderr}`);
}

async function attempt(scene: Scene, need: Room, { short, percent }: Shortage): Promise<string> {
  const { stage, operation, effort } = scene;
  await using disk = await smallDisk();
  await using site = await siteOn(scene, disk);
  const bytes = Math.ceil((need.bytes * percent) / 100);
  if (short === "bytes") await disk.leave({ bytes });
  if (short === "files") await disk.leave({ inodes: Math.ceil((need.inodes * percent) / 100) });
  stage.serve(operation.upstream);
  // The first requests are for roots and indices: once they are there, the run has seen that all fits.
  const late = Math.ceil(stage.whole[operation.upstream].requests * 0.6);
  stage.server.onRequest = async ({ n }) => {
    if (short === "bytes, meanwhile" && n === late) await disk.fill(bytes);
    return undefined;
  };
  const ran = await site.start(...operation.args).done;
  stage.server.onRequest = undefined;
  if (FRUGAL.includes(operation)) equal(ran.code, 0, `it must need no room: ${ran.stderr}`);
  else if (ran.code !== 0) assertTold(ran);
  if (operation !== FIRST_SYNC) await site.ok("list");
  await disk.ease();
  await assertBetween(scene, site);
  await assertGoesOn(scene, site, effort.bytes + effort.again);
  return ran.code === 0 ? "done all the same" : "stopped";
}

/** The operations in turn; of a few tries, each with a part of its own. */
async function shortOf(kind: WorldKind, amount: number, what: "bytes" | "files"): Promise<Outcome> {
  const rounds = Math.ceil(amount / OPERATIONS.length);
  const outcomes: Record<string, number> = {};
  let tried = 0;
  for (const [nth, operation] of OPERATIONS.slice(0, amount).entries()) {
    await using scene = await openScene(kind, smallFiles(amount), operation, false);
    const need = await needOf(scene);
    const fetches = operation === FIRST_SYNC || operation === UPDATE;
    const shortages = Array.from({ length: rounds }, (_, round): Shortage => {
      const percent = rounds === 1 ? ((nth + 1) * 50) % 100 : Math.round((round * 100) / rounds);
      const late = what === "bytes" && fetches && (nth + round) % 2 === 0;
      return { short: late ? "bytes, meanwhile" : what, percent };
    });
    const done = await oneByOne(shortages, async (shortage) => await attempt(scene, need, shortage)).catch(
      (error: unknown) => {
        throw new Error(`${operation.name}: ${(error as Error).message}`, { cause: error });
      },
    );
    tried += done.tried;
    for (const [outcome, times] of Object.entries(done.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + times;
  }
  return { tried, outcomes };
}

const promise =
  "a clean stop with a code, what is visible stays, and it goes on once there is room; gc and verify need none";

/** A disk that has only a part of the room that an operation takes. */
export const disk: readonly Fault[] = [
  {
    name: "disk full: bytes",
    promise,
    quick: 3,
    long: 120,
    skip: skipSmallDisk,
    run: async (kind, amount) => await shortOf(kind, amount, "bytes"),
  },
  {
    name: "disk full: files",
    promise,
    quick: 2,
    long: 120,
    skip: skipSmallDisk,
    run: async (kind, amount) => await shortOf(kind, amount, "files"),
  },
];
