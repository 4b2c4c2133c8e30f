import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SluiceSite } from "../clients/sluice.ts";
import { sha256 } from "../e2e/apt/lab.ts";
import type { Ran } from "../run.ts";
import { falseClock, shiftTimes } from "./false-clock.ts";
import type { Offset } from "./false-clock.ts";
import { copyData } from "./scene.ts";
import { agesOf, sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Age, WorldSize, WorldKind } from "./world.ts";

/** A site with both states, of which `latest` and `stable` have just left the old one; and a blob that nothing reaches, and that gc knows of. */
export interface ClockBase extends AsyncDisposable {
  readonly stage: Stage;
  readonly site: SluiceSite;
  readonly garbage: string;
}

/** A try on a copy of it, or on a site that has nothing yet. */
export interface ClockSite extends AsyncDisposable {
  readonly stage: Stage;
  readonly site: SluiceSite;
  /** What the upstream has now. */
  age: Age;
  /**
   * Runs a command with the clock off, and holds that it tells of a clock that is plainly wrong by what the store knows, that nothing was lost, and that nothing is
   * out of order.
   */
  at(offset: Offset, ...args: readonly string[]): Promise<Ran>;
}

const CONFIG = { grace: "24h" };
const DAY_MS = 86_400_000;

// Both states in turn are news to it, and gc may give up all that it need not keep.
function mirrorOf(allowExpired: boolean): Record<string, unknown> {
  return { "allow-older": true, "allow-expired": allowExpired, keep: { last: 1 } };
}

export async function openClockBase(kind: WorldKind, size: WorldSize): Promise<ClockBase> {
  const stage = await sharedStage(kind, size);
  await using opened = new AsyncDisposableStack();
  const site = opened.use(await stage.site({ inline: true, mirror: mirrorOf(false), config: CONFIG }));
  for (const age of ["old", "new"] as const) {
    stage.serve(age);
    equal((await site.sync("m")).result, "updated");
    await site.ok("promote", "latest", "stable", "--yes");
  }
  const garbage = await putGarbage(site);
  await site.ok("gc");
  const all = opened.move();
  return { stage, site, garbage, [Symbol.asyncDispose]: async () => await all.disposeAsync() };
}

async function putGarbage({ data }: SluiceSite): Promise<string> {
  const bytes = "nothing reaches this";
  const digest = sha256(bytes);
  const path = join(data, "blobs/sha256", digest.slice(0, 2), digest.slice(2));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const long = (Date.now() - 30 * DAY_MS) / 1000;
  await utimes(path, long, long);
  return path.slice(data.length + 1);
}

/** `fresh`: from nothing. */
export async function openClockSite(
  { stage, site: base, garbage }: ClockBase,
  { fresh, allowExpired }: { fresh: boolean; allowExpired: boolean },
): Promise<ClockSite> {
  const site = await stage.site({ inline: true, mirror: mirrorOf(allowExpired), config: CONFIG });
  if (!fresh) await copyData(base.data, site.data);
  let before = await orderOf(site);

  async function check(): Promise<void> {
    const after = await orderOf(site);
    deepEqual(
      after.ids.slice(0, before.ids.length),
      before.ids,
      "new ids are higher than all others, and no record is gone",
    );
    for (const [channel, versions] of Object.entries(after.channels))
      deepEqual(
        versions,
        versions.map((_, at) => at + 1),
        `versions of ${channel}`,
      );
    for (const [channel, versions] of Object.entries(before.channels))
      ok((after.channels[channel]?.length ?? 0) >= versions.length, `no version of ${channel} is gone`);
    before = after;
    const ages = await agesOf(stage, site);
    for (const id of after.ids) ok(ages[id] !== undefined, `the snapshot ${id}, within its grace, is gone`);
    if (!fresh)
      ok(await stat(join(site.data, garbage)).catch(() => undefined), "what gc has just condemned is gone");
  }

  return {
    stage,
    site,
    age: "new",
    async at(offset, ...args) {
      // The kernel's times lag behind by some ms: what was there before must be told from what is written now.
      await sleep(offset === 0 ? 0 : 50);
      const began = Date.now();
      const passed = began + offset * DAY_MS - (await newestMove(site));
      site.env = falseClock(offset);
      const ran = await site.run(...args);
      site.env = {};
      shiftTimes(site.data, began - 20, offset);
      equal(ran.signal, null);
      assertTold(ran, passed, args.join(" "));
      await check();
      return ran;
    },
    [Symbol.asyncDispose]: async () => await site[Symbol.asyncDispose](),
  };
}

/** Ids of the snapshots as they sort, and the numbers of each channel's versions. */
async function orderOf({ data }: SluiceSite): Promise<{ ids: string[]; channels: Record<string, number[]> }> {
  const names = async (folder: string): Promise<string[]> =>
    (await readdir(join(data, "refs", folder)).catch((): string[] => [])).toSorted();
  const channels: Record<string, number[]> = {};
  for (const channel of await names("channels"))
    channels[channel] = (await names(`channels/${channel}`))
      .map((name) => Number.parseInt(name))
      .toSorted((a, b) => a - b);
  return { ids: await names("snapshots/m"), channels };
}

/** When a channel was moved last, by the record of it, in ms; NaN where there is none. */
async function newestMove({ data }: SluiceSite): Promise<number> {
  const times: number[] = [];
  const folder = join(data, "refs/channels");
  for (const channel of await readdir(folder).catch(() => [])) {
    const versions = (await readdir(join(folder, channel))).map((name) => Number.parseInt(name));
    const text = await readFile(join(folder, channel, `${Math.max(...versions)}.json`), "utf8");
    times.push(Date.parse((JSON.parse(text) as { payload: { at: string } }).payload.at));
  }
  return times.length === 0 ? Number.NaN : Math.max(...times);
}

// `passed` since the newest record, by the clock that the command sees; far from any bound.
function assertTold({ stderr }: Ran, passed: number, what: string): void {
  const told = /^sluice: warning: The clock of this host (is|may be) wrong\b.*$/m.exec(stderr);
  const wanted = passed < -DAY_MS ? "is" : passed > 1000 * DAY_MS && what !== "list" ? "may be" : undefined;
  equal(told?.[1], wanted, `${what}, ${passed / DAY_MS} days after the newest record: ${stderr}`);
}
