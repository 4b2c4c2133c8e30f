import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { asSluiceError, SluiceError } from "../base/errors.ts";
import { peer, type Peer } from "./ipc.ts";
import { shareOf, type Limits } from "./limits.ts";
import { findPort, urlOf } from "./listen.ts";
import type { LogFormat } from "./log-batch.ts";
import { processUse, serverTotals, sumTotals, type ServerTotals, type Totals } from "./metrics.ts";
import type { Scrubber } from "./scrubber.ts";
import type { RunningServer } from "./server.ts";
import type { TeamHealth } from "./team.ts";
import { ANSWER_MS, type WorkerSettings } from "./worker-protocol.ts";

/** What all workers share, and may be told anew. */
export interface SharedSettings {
  /** Absolute path of the data directory. */
  readonly data: string;
  readonly graceMs: number;
  readonly url: string | undefined;
  /** SHA-256 of the tokens that open the store to other sites. */
  readonly readTokens?: readonly string[];
  readonly format: LogFormat;
  /** Of all workers together. */
  readonly limits: Partial<Limits>;
}

/** Times in milliseconds. */
export interface WorkerTimes {
  /** How often each worker is asked whether it still answers, and how long it may take. */
  readonly pingMs: number;
  readonly hungMs: number;
  /** How long a worker may take to start, and to stop. */
  readonly startMs: number;
  readonly stopMs: number;
  /** How long to wait before a worker is replaced: twice as long after each that did not last, up to a bound. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A worker that ran so long has lasted. */
  readonly lastingMs: number;
}

const TIMES: WorkerTimes = {
  pingMs: 5_000,
  hungMs: 30_000,
  startMs: 30_000,
  stopMs: 15_000,
  backoffMs: 100,
  maxBackoffMs: 30_000,
  lastingMs: 60_000,
};

export interface WorkersOptions extends SharedSettings {
  readonly count: number;
  /** Port 0 takes a free one, for all. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Takes the access log: whole lines. */
  readonly log: (text: string) => void;
  /** Takes a sentence about what became of a worker. */
  readonly note: (sentence: string) => void;
  /** What the scrub of the store tells; nothing by default. */
  readonly scrub?: Scrubber["totals"];
  readonly times?: Partial<WorkerTimes>;
}

export interface WorkersServer extends RunningServer {
  /** Replaces the workers one after the other by such with these settings; no connection is refused meanwhile. */
  reload(settings: SharedSettings): Promise<void>;
  /** Process ids of the workers that answer now. */
  pids(): number[];
}

interface Member {
  readonly worker: Worker;
  readonly peer: Peer;
  readonly since: number;
  readonly gone: Promise<unknown>;
  /** `leaving`: told to stop, or to be killed; its end is no surprise. */
  state: "starting" | "serving" | "leaving";
  /** As it last told, for what it had counted to stay counted when it is gone. */
  last: Totals | undefined;
  fault: SluiceError | undefined;
}

/**
 * Serves by several processes; this one answers no requests itself, but holds the socket, replaces workers that end,
 * writes the log and counts for all. Throws as startServer does, and worker_failed.
 */
export async function startWorkers(options: WorkersOptions): Promise<WorkersServer> {
  const { count, log, note, scrub = () => undefined } = options;
  const times = { ...TIMES, ...options.times };
  const host = options.listen.host;
  const port = await findPort(options.listen);
  const stopping = new AbortController();
  const members = new Set<Member>();
  let settings = settingsFor(options, count, { host, port });
  let retired: Totals = { counts: {}, inFlight: 0, cpuSeconds: 0, residentBytes: 0 };
  let restarts = 0;
  let shortLived = 0;
  let lastHealth: { at: number; health: Promise<TeamHealth> } | undefined;

  // Each worker takes connections from the one socket as it has time: one that hangs takes none, and none is lost on
  // its way to one that has just died, as with SCHED_RR.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL("worker.ts", import.meta.url)),
    args: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });

  const serving = (): Member[] => [...members].filter(({ state }) => state === "serving");

  async function startMember(): Promise<Member> {
    const worker = cluster.fork();
    const ready = Promise.withResolvers<void>();
    const gone = new Promise<string>((resolve) => {
      worker.once("exit", (code: number | null, signal: string | null) => {
        resolve(signal ?? `exit status ${code}`);
      });
    });
    const member: Member = {
      worker,
      gone,
      since: performance.now(),
      state: "starting",
      last: undefined,
      fault: undefined,
      peer: peer(
        {
          send: (message) => void (worker.isConnected() && worker.send(message)),
          onMessage: (listener) => void worker.on("message", listener),
        },
        {
          ready: () => ready.resolve(),
          log: (text) => log(text as string),
          totals: async () => totals(),
          health: async () => health(),
          fault: (fault) => {
            const { code, message } = fault as SluiceError;
            member.fault = new SluiceError(code, message);
          },
        },
      ),
    };
    members.add(member);
    worker.on("error", () => undefined);
    void gone.then((how) => over(member, how));
    try {
      await within(times.startMs, [ready.promise, gone]);
      await member.peer.call("start", settings, times.startMs);
    } catch (thrown) {
      await remove(member);
      throw member.fault ?? (thrown instanceof SluiceError ? thrown : startFailed());
    }
    member.state = "serving";
    void watch(member);
    return member;
  }

  function over(member: Member, how: string): void {
    members.delete(member);
    member.peer.end();
    if (member.last !== undefined) {
      retired = sumTotals([retired, { ...member.last, inFlight: 0, residentBytes: 0 }]);
    }
    if (stopping.signal.aborted || member.state !== "serving") return;
    shortLived = performance.now() - member.since < times.lastingMs ? shortLived + 1 : 0;
    restarts++;
    note(`A worker has ended (${member.fault?.message ?? how}); another takes its place.`);
    void replace();
  }

  async function replace(): Promise<void> {
    for (;;) {
      const wait = Math.min(times.maxBackoffMs, times.backoffMs * 2 ** Math.max(0, shortLived - 1));
      try {
        await sleep(wait, undefined, { signal: stopping.signal, ref: false });
        await startMember();
        return;
      } catch (thrown) {
        if (stopping.signal.aborted) return;
        shortLived++;
        note(`A worker could not be started, which is tried again: ${asSluiceError(thrown).message}`);
      }
    }
  }

  // One that takes connections but does not answer is worse than none.
  async function watch(member: Member): Promise<void> {
    while (member.state === "serving" && members.has(member)) {
      await sleep(times.pingMs, undefined, { ref: false });
      if (member.state !== "serving" || !members.has(member)) return;
      const answered = await member.peer.call("ping", undefined, times.hungMs).then(
        () => true,
        () => false,
      );
      if (answered || member.state !== "serving" || !members.has(member)) continue;
      member.fault = new SluiceError("worker_failed", `it did not answer for ${times.hungMs / 1000} s`);
      member.worker.process.kill("SIGKILL");
      return;
    }
  }

  async function leave(member: Member): Promise<void> {
    member.state = "leaving";
    const last = await member.peer.call<Totals>("stop", undefined, times.stopMs).catch(() => undefined);
    member.last = last ?? member.last;
    await remove(member);
  }

  async function remove(member: Member): Promise<void> {
    member.state = "leaving";
    if (!members.has(member)) return;
    if (member.worker.isConnected()) member.worker.process.disconnect();
    const timer = setTimeout(() => member.worker.process.kill("SIGKILL"), ANSWER_MS);
    await member.gone;
    clearTimeout(timer);
  }

  async function totals(): Promise<ServerTotals> {
    const all = serving();
    await Promise.all(
      all.map(async (member) => {
        const now = await member.peer.call<Totals>("totals", undefined, ANSWER_MS).catch(() => undefined);
        member.last = now ?? member.last;
      }),
    );
    const told = all.map(({ last }) => last).filter((last) => last !== undefined);
    const own: Totals = { counts: {}, inFlight: 0, ...processUse() };
    return serverTotals([retired, own, ...told], { workers: all.length, restarts, scrub: scrub() });
  }

  async function health(): Promise<TeamHealth> {
    if (lastHealth === undefined || performance.now() - lastHealth.at > ANSWER_MS / 4) {
      lastHealth = { at: performance.now(), health: askHealth() };
    }
    return lastHealth.health;
  }

  async function askHealth(): Promise<TeamHealth> {
    const all = serving();
    const asked = await Promise.allSettled(
      all.map((member) => member.peer.call("check", undefined, ANSWER_MS)),
    );
    const failing = asked.filter(({ status }) => status === "rejected").length;
    return { serving: all.length - failing, wanted: count, failing };
  }

  async function close(): Promise<void> {
    stopping.abort();
    await Promise.all([...members].map(leave));
  }

  try {
    await Promise.all(Array.from({ length: count }, startMember));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    url: urlOf(host, port),
    close,
    pids: () => serving().flatMap(({ worker }) => worker.process.pid ?? []),
    async reload(shared) {
      settings = settingsFor(shared, count, { host, port });
      for (const old of serving()) {
        if (stopping.signal.aborted) return;
        await startMember();
        void leave(old);
      }
    },
  };
}

function settingsFor(
  shared: SharedSettings,
  count: number,
  listen: { host: string; port: number },
): WorkerSettings {
  const { data, graceMs, url, readTokens = [], format, limits } = shared;
  const own = { limits: shareOf(limits, count), memoryShare: 1 / count };
  return { data, graceMs, url, readTokens, format, listen, ...own };
}

function startFailed(): SluiceError {
  return new SluiceError(
    "worker_failed",
    "A worker ended before it could answer: run with --workers 1 to see why.",
  );
}

/** The first of them, where it comes within `ms`; only the first in the list is a success. */
async function within(
  ms: number,
  [wanted, gone]: readonly [Promise<unknown>, Promise<unknown>],
): Promise<void> {
  const end = new AbortController();
  const late = sleep(ms, false, { signal: end.signal }).catch(() => false);
  const came = await Promise.race([wanted.then(() => true), gone.then(() => false), late]);
  end.abort();
  if (!came) throw startFailed();
}
