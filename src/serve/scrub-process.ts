import { constants, setPriority } from "node:os";
import { keepCompiled } from "../base/compile-cache.ts";
import type { ScrubSettings } from "./scrub-protocol.ts";

// The scrub of `sluice serve`: a process of its own, started by scrubber.ts for one pass, so that no request waits for it.
keepCompiled();
const { openSite } = await import("../channel/site.ts");
const { systemClock } = await import("../base/clock.ts");
const { createBucket } = await import("../upstream/bucket.ts");
const { peer, plainError } = await import("./ipc.ts");
const { processUse } = await import("./metrics.ts");
const { runScrub } = await import("./scrub-run.ts");

// A terminal, or systemd, sends these to the whole group; it is the server that says when the scrub stops.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const stopping = new AbortController();
const stop = (): void => stopping.abort();
process.on("disconnect", stop);

const come = { ratio: 0, bytes: 0 };
const report = (): void => server.tell("report", { ...come, ...processUse() });
const server = peer(
  {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on("message", listener),
  },
  { start: (settings) => start(settings as ScrubSettings), stop },
);

function start(settings: ScrubSettings): void {
  try {
    // Where no scheduler of the disk is set for a process, its priority follows from this one.
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Then it is as slow as `rate` says, and no slower.
  }
  setInterval(report, settings.reportMs).unref();
  scrub(settings).then(() => end(undefined), end);
}

async function scrub({ data, rate }: ScrubSettings): Promise<void> {
  const site = await openSite(data, 0);
  try {
    await runScrub({
      data,
      site,
      clock: systemClock,
      bucket: createBucket(rate),
      signal: stopping.signal,
      found: ({ code, message }) => server.tell("found", { code, message }),
      progress: (ratio, bytes) => void Object.assign(come, { ratio, bytes }),
    });
  } finally {
    await site.store.close();
  }
}

// Whatever went wrong is told in a sentence, without a stack.
function end(thrown: unknown): void {
  report();
  const isFault = thrown !== undefined && !stopping.signal.aborted;
  server.tell("over", isFault ? plainError(thrown) : undefined);
  if (process.connected) process.disconnect();
}
process.on("uncaughtException", end).on("unhandledRejection", end);

server.tell("ready");
