import type { Clock } from "../base/clock.ts";
import { snapshotTime } from "../base/names.ts";
import type { Exchange } from "./exchange.ts";
import type { ServerMetrics, SnapshotAge } from "./metrics.ts";
import { sendBytes } from "./send.ts";
import type { Target } from "./target.ts";
import type { View } from "./view.ts";

const NO_STORE = { "Cache-Control": "no-store" };

/** Answers `/_/healthz` (200 while the store can be read) and `/_/metrics`; false for any other name. */
export async function answerSystem(
  exchange: Exchange,
  target: Target,
  view: View,
  metrics: ServerMetrics,
): Promise<boolean> {
  const name = target.segments.slice(1).join("/");
  if (name === "healthz") {
    await view.pointers();
    const plain = { "Content-Type": "text/plain; charset=utf-8", ...NO_STORE };
    sendBytes(exchange, 200, plain, Buffer.from("ok\n"));
    return true;
  }
  if (name === "metrics") {
    const { body, type } = await metrics.page();
    sendBytes(exchange, 200, { "Content-Type": type, ...NO_STORE }, Buffer.from(body));
    return true;
  }
  return false;
}

/** How old each channel's snapshots are. */
export async function snapshotAges(view: View, clock: Clock): Promise<SnapshotAge[]> {
  const now = clock();
  return (await view.pointers()).map(({ mirror, channel, id }) => ({
    mirror,
    channel,
    seconds: Math.max(0, (now - snapshotTime(id)) / 1000),
  }));
}
