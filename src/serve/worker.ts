import { keepCompiled } from "../base/compile-cache.ts";
import type { ServerTotals } from "./metrics.ts";
import type { LoneServer } from "./server.ts";
import type { TeamHealth } from "./team.ts";
import { ANSWER_MS, type WorkerSettings } from "./worker-protocol.ts";

// One worker of `sluice serve`: started by workers.ts, told by it what to do, gone when it is.
keepCompiled();
const { peer, plainError } = await import("./ipc.ts");
const { logBatch } = await import("./log-batch.ts");
const { logSender } = await import("./log-sender.ts");
const { startServer } = await import("./server.ts");
const { openDirectoryReader } = await import("../store/directory/open.ts");

/** How long lines of the log wait for others: a message to the primary costs more than a line. */
const LOG_MS = 20;

// A terminal, or systemd, sends these to the whole group; it is the primary that says when a worker stops.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

let running: LoneServer | undefined;
let finish = async (): Promise<void> => undefined;

const primary = peer(
  {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on("message", listener),
  },
  {
    start: async (settings) => start(settings as WorkerSettings),
    ping: () => undefined,
    check: async () => running?.check(),
    totals: () => running?.tally.totals(),
    stop: async () => {
      await finish();
      return running?.tally.totals();
    },
  },
);

async function start(settings: WorkerSettings): Promise<void> {
  const { data, format, ...options } = settings;
  const store = await openDirectoryReader(data);
  const sender = logSender((text) => primary.call("log", text, 60_000));
  const batch = logBatch(format, sender.send, LOG_MS);
  running = await startServer({
    ...options,
    store,
    log: batch.add,
    team: {
      totals: async () => primary.call<ServerTotals>("totals", undefined, 2 * ANSWER_MS),
      health: async () => primary.call<TeamHealth>("health", undefined, 2 * ANSWER_MS),
    },
  });
  finish = async () => {
    await running?.close();
    await store.close();
    batch.flush();
    await sender.drained();
  };
}

// Whatever goes wrong is told in a sentence, without a stack; the primary starts another worker.
function fail(thrown: unknown): void {
  const fault = { sluice: "tell", name: "fault", payload: plainError(thrown) };
  if (process.send === undefined) process.exit(1);
  process.send(fault, () => process.exit(1));
}
process.on("uncaughtException", fail).on("unhandledRejection", fail);

primary.tell("ready");
