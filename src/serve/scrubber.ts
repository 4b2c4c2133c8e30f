import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ErrorCode } from "../base/errors.ts";
import type { Bandwidth } from "../upstream/bandwidth.ts";
import { peer } from "./ipc.ts";
import { scrubProgress } from "../channel/scrub.ts";
import type { ScrubReport, ScrubSettings } from "./scrub-protocol.ts";
import { readScrubRecord, type ScrubRecord } from "./scrub-record.ts";

/** How a store is scrubbed. */
export interface Scrubbing {
  readonly rate: Bandwidth;
  /** From the begin of one pass to that of the next, in ms. */
  readonly everyMs: number;
}

interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface ScrubberOptions {
  /** Absolute path of the data directory. */
  readonly data: string;
  /** Undefined: not at all. */
  readonly scrubbing: Scrubbing | undefined;
  /** Takes each thing that is found bad, and a sentence about what keeps the scrub from its work. */
  readonly found: (fault: Fault) => void;
  readonly trouble: (sentence: string) => void;
  /** Takes a sentence at the end of each pass. */
  readonly note: (sentence: string) => void;
  readonly times?: Partial<ScrubberTimes>;
}

/** In ms. */
interface ScrubberTimes {
  /** A server that starts has better to do; `every` at most. */
  readonly delayMs: number;
  /** After a pass that could not come to its end. */
  readonly retryMs: number;
  readonly reportMs: number;
  /** How long the scrub may take to stop. */
  readonly stopMs: number;
}

const TIMES: ScrubberTimes = { delayMs: 60_000, retryMs: 600_000, reportMs: 2_000, stopMs: 5_000 };
/** A clock that is set anew is noticed within this time. */
const LONGEST_SLEEP_MS = 3_600_000;

/** For the metrics. */
export interface ScrubTotals {
  /** Of the pass that is under way, 0 to 1; 1 between two passes. */
  readonly ratio: number;
  readonly bytes: number;
  /** By error code, since the start. */
  readonly found: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly last: ScrubRecord["last"];
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export interface Scrubber {
  /** Undefined where nothing is scrubbed. */
  totals(): ScrubTotals | undefined;
  /** Goes on by these settings. */
  reload(scrubbing: Scrubbing | undefined): Promise<void>;
  close(): Promise<void>;
}

/** Scrubs the store again and again, each pass in a process of its own, of low priority. */
export function startScrubber(options: ScrubberOptions): Scrubber {
  const times = { ...TIMES, ...options.times };
  const found = new Map<ErrorCode, number>();
  let past: Omit<ScrubReport, "ratio" | "residentBytes"> = { bytes: 0, cpuSeconds: 0 };
  let now: ScrubReport | undefined;
  let record: ScrubRecord = {};
  let scrubbing = options.scrubbing;
  let running = start();

  function start(): { stopping: AbortController; ended: Promise<void> } {
    const stopping = new AbortController();
    const ended = scrubbing === undefined ? Promise.resolve() : rounds(scrubbing, stopping.signal);
    return { stopping, ended };
  }

  async function rounds({ rate, everyMs }: Scrubbing, signal: AbortSignal): Promise<void> {
    try {
      let earliest = performance.now() + Math.min(times.delayMs, everyMs);
      for (;;) {
        record = await readScrubRecord(options.data);
        const wait = Math.max(earliest - performance.now(), dueIn(record, everyMs));
        await sleep(Math.min(wait, LONGEST_SLEEP_MS), undefined, { signal, ref: false });
        if (wait > LONGEST_SLEEP_MS) continue;
        const settings = { data: options.data, rate, reportMs: times.reportMs };
        if (!(await onePass(settings, signal))) earliest = performance.now() + times.retryMs;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** False where it did not come to its end. */
  async function onePass(settings: ScrubSettings, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const child = fork(fileURLToPath(new URL("scrub-process.ts", import.meta.url)), [], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // JSON knows no Infinity.
      serialization: "advanced",
    });
    let over: { fault: Fault | undefined } | undefined;
    const scrub = peer(
      {
        send: (message) => void (child.connected && child.send(message)),
        onMessage: (listener) => void child.on("message", listener),
      },
      {
        ready: () => scrub.tell("start", settings),
        report: (report) => void (now = report as ScrubReport),
        found: (fault) => note(fault as Fault),
        over: (fault) => void (over = { fault: fault as Fault | undefined }),
      },
    );
    child.on("error", () => undefined);
    const stop = (): void => {
      scrub.tell("stop");
      setTimeout(() => child.kill("SIGKILL"), times.stopMs).unref();
    };
    signal.addEventListener("abort", stop, { once: true });
    const how = await new Promise<string>((resolve) => {
      child.once("exit", (code: number | null, killed: string | null) =>
        resolve(killed ?? `exit status ${code}`),
      );
    });
    signal.removeEventListener("abort", stop);
    past = { bytes: past.bytes + (now?.bytes ?? 0), cpuSeconds: past.cpuSeconds + (now?.cpuSeconds ?? 0) };
    now = undefined;
    signal.throwIfAborted();
    record = await readScrubRecord(options.data);
    const fault = over === undefined ? { message: `it has ended (${how})` } : over.fault;
    if (fault === undefined && record.last !== undefined) options.note(summary(record.last));
    // Another server of the same store is at it.
    else if (fault !== undefined && over?.fault?.code !== "locked")
      options.trouble(`The scrub of the store stopped, and goes on later: ${fault.message}`);
    return fault === undefined;
  }

  function note(fault: Fault): void {
    found.set(fault.code, (found.get(fault.code) ?? 0) + 1);
    options.found(fault);
  }

  return {
    totals() {
      if (scrubbing === undefined) return undefined;
      return {
        ratio: now?.ratio ?? restingRatio(record),
        bytes: past.bytes + (now?.bytes ?? 0),
        found: Object.fromEntries(found),
        last: record.last,
        cpuSeconds: past.cpuSeconds + (now?.cpuSeconds ?? 0),
        residentBytes: now?.residentBytes ?? 0,
      };
    },
    async reload(anew) {
      running.stopping.abort();
      await running.ended;
      scrubbing = anew;
      running = start();
    },
    async close() {
      running.stopping.abort();
      await running.ended;
    },
  };
}

function restingRatio({ now, last }: ScrubRecord): number {
  if (now !== undefined) return scrubProgress(now.at);
  return last === undefined ? 0 : 1;
}

/** Ms until the next pass; a begin in the future is one by a clock that was wrong. */
function dueIn({ now, last }: ScrubRecord, everyMs: number): number {
  const time = Date.now();
  if (now !== undefined || last === undefined || last.begun > time) return 0;
  return Math.max(0, last.begun + everyMs - time);
}

function summary({ begun, ended, bytes, found }: NonNullable<ScrubRecord["last"]>): string {
  const hours = (ended - begun) / 3_600_000;
  const took = hours < 1 ? `${Math.ceil(hours * 60)} min` : `${hours.toFixed(1)} h`;
  const what =
    found === 0 ? "nothing wrong" : `${found} ${found === 1 ? "thing" : "things"} wrong, told above`;
  return `The scrub of the store has read ${(bytes / 1e9).toFixed(1)} GB in ${took} and found ${what}.`;
}
