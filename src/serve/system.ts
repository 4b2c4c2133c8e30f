import type { Clock } from "../base/clock.ts";
import { snapshotTime } from "../base/names.ts";
import type { Exchange } from "./exchange.ts";
import { type Ages, metricsPage, type Tally } from "./metrics.ts";
import { sendBytes } from "./send.ts";
import type { Target } from "./target.ts";
import type { Team } from "./team.ts";
import type { View } from "./view.ts";

const NO_STORE = { "Cache-Control": "no-store" };
const PLAIN = { "Content-Type": "text/plain; charset=utf-8", ...NO_STORE };

export interface SystemOptions {
  readonly view: View;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly team: Team;
}

/**
 * Answers `/_/healthz` (200 while the store can be read and all workers that run answer) and `/_/metrics`; false for any other
 * name.
 */
export async function answerSystem(
  exchange: Exchange,
  target: Target,
  { view, clock, tally, team }: SystemOptions,
): Promise<boolean> {
  const name = target.segments.slice(1).join("/");
  if (name === "healthz") {
    await view.pointers();
    const { serving, wanted, failing } = await team.health();
    const said = serving === wanted ? "ok" : `${serving} of ${wanted} workers answer`;
    // One that is being replaced gets no connections; one that fails may have some.
    sendBytes(exchange, failing > 0 ? 503 : 200, PLAIN, Buffer.from(`${said}\n`));
    return true;
  }
  if (name === "metrics") {
    const [totals, ages] = [await team.totals(tally.totals()), await agesOf(view, clock)];
    const { body, type } = await metricsPage(totals, ages);
    sendBytes(exchange, 200, { "Content-Type": type, ...NO_STORE }, Buffer.from(body));
    return true;
  }
  return false;
}

/** How old each channel's snapshots are, and until when each channel is fresh. */
async function agesOf(view: View, clock: Clock): Promise<Ages> {
  const now = clock();
  const since = (time: number): number => Math.max(0, (now - time) / 1000);
  const snapshots: Ages["snapshots"][number][] = [];
  for (const { mirror, channel, id } of await view.pointers()) {
    const date = await view.contentDate(mirror, id);
    const content = date === undefined ? undefined : since(date);
    snapshots.push({ mirror, channel, seconds: since(snapshotTime(id)), content });
  }
  const expiries = await view.expiries();
  const channels = expiries.map(({ channel, expires }) => ({ channel, expires: Date.parse(expires) / 1000 }));
  return { snapshots, channels };
}
