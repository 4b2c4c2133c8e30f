import type { ReadStore } from "../store/contract.ts";
import { channelNames, findChannel, type Channel } from "./channels.ts";
import { LONG_MS } from "./written-times.ts";

/** Clocks of two sound hosts may differ by this much. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** What a clock that says `now` (ms) is plainly wrong by, as one sentence; undefined where it can be right. `writing`: whether what comes next is dated by it. */
export async function clockWarning(
  store: ReadStore,
  now: number,
  { writing }: { writing: boolean },
): Promise<string | undefined> {
  const last = await newestMove(store);
  if (last === undefined) return undefined;
  const record = `refs/${last.ref}/${last.version}.json`;
  const passed = now - Date.parse(last.at);
  if (passed < -CLOCK_SLACK_MS)
    return `The clock of this host is wrong, or was: it says ${iso(now)}, before ${record} was written (${last.at}); set it right, or, if it is right by now, go on: this is told until '${last.body.channel}' moves again.`;
  if (writing && passed > LONG_MS)
    return `The clock of this host may be wrong: it says ${iso(now)}, more than a year after the newest record, ${record} (${last.at}); set it right before you go on, or, if it is right, go on: gc waits a grace time more.`;
  return undefined;
}

async function newestMove(store: ReadStore): Promise<Channel | undefined> {
  let newest: Channel | undefined;
  for (const name of await channelNames(store)) {
    const found = await findChannel(store, name).catch(() => undefined);
    if (found !== undefined && (newest === undefined || Date.parse(found.at) > Date.parse(newest.at)))
      newest = found;
  }
  return newest;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
