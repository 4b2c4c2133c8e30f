import { Counter, Gauge, Registry } from "prom-client";
import type { ScrubTotals } from "./scrubber.ts";

/** Every metric that `/_/metrics` gives; docs/reference/metrics.md is generated from this table. */
export const METRICS = {
  requests: {
    name: "sluice_http_requests_total",
    type: "counter",
    labels: ["mirror", "kind", "status"],
    help: "Requests answered. kind: root, metadata, package, listing, system, or none where nothing was found.",
  },
  bytes: {
    name: "sluice_http_sent_bytes_total",
    type: "counter",
    labels: ["mirror", "kind"],
    help: "Bytes of bodies sent.",
  },
  inFlight: {
    name: "sluice_http_requests_in_flight",
    type: "gauge",
    labels: [],
    help: "Requests that are being answered now.",
  },
  unavailable: {
    name: "sluice_http_unavailable_total",
    type: "counter",
    labels: ["mirror", "cause"],
    help: "Requests that failed, or were cut off, by a fault of the store. cause: an error code.",
  },
  incomplete: {
    name: "sluice_http_incomplete_total",
    type: "counter",
    labels: ["mirror"],
    help: "Answers whose connection ended before they did, whoever ended it.",
  },
  refused: {
    name: "sluice_http_connections_refused_total",
    type: "counter",
    labels: ["cause"],
    help: "Connections that were ended at once. cause: client, with `connections-per-client` reached; or full.",
  },
  workers: {
    name: "sluice_http_workers",
    type: "gauge",
    labels: [],
    help: "Processes that answer requests now.",
  },
  restarts: {
    name: "sluice_http_worker_restarts_total",
    type: "counter",
    labels: [],
    help: "Workers that ended by themselves, or were ended since they hung, and were replaced.",
  },
  age: {
    name: "sluice_snapshot_age_seconds",
    type: "gauge",
    labels: ["mirror", "channel"],
    help: "Age of the snapshot that the channel serves.",
  },
  contentAge: {
    name: "sluice_content_age_seconds",
    type: "gauge",
    labels: ["mirror", "channel"],
    help: "Age of the content that the channel serves, by the newest date that the vendor signed; absent where there is no date.",
  },
  expires: {
    name: "sluice_channel_expires_timestamp_seconds",
    type: "gauge",
    labels: ["channel"],
    help: "Until when the channel counts as fresh, in seconds since 1970: after that, somebody may keep its updates back.",
  },
  scrubProgress: {
    name: "sluice_scrub_progress_ratio",
    type: "gauge",
    labels: [],
    help: "How far the scrub of the store has come in its pass, 0 to 1; 1 until the next pass begins.",
  },
  scrubBytes: {
    name: "sluice_scrub_read_bytes_total",
    type: "counter",
    labels: [],
    help: "Bytes of the store that the scrub has read.",
  },
  scrubFound: {
    name: "sluice_scrub_findings_total",
    type: "counter",
    labels: ["code"],
    help: "What the scrub has found bad. code: an error code.",
  },
  scrubEnd: {
    name: "sluice_scrub_last_end_time_seconds",
    type: "gauge",
    labels: [],
    help: "When the last whole pass of the scrub ended, in seconds since 1970; absent before that.",
  },
  scrubLastFound: {
    name: "sluice_scrub_last_findings",
    type: "gauge",
    labels: [],
    help: "What the last whole pass of the scrub found bad; absent before that.",
  },
  started: {
    name: "process_start_time_seconds",
    type: "gauge",
    labels: [],
    help: "Start of the server, in seconds since 1970.",
  },
  cpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    labels: [],
    help: "Processor time that the server has used, all its processes together.",
  },
  memory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    labels: [],
    help: "Memory that the server holds, all its processes together.",
  },
} as const satisfies Record<
  string,
  { name: string; type: "counter" | "gauge"; labels: readonly string[]; help: string }
>;

/** How old what is served is; all times in seconds. */
export interface Ages {
  readonly snapshots: readonly {
    readonly mirror: string;
    readonly channel: string;
    readonly seconds: number;
    /** By the vendor's date, where there is one. */
    readonly content: number | undefined;
  }[];
  readonly channels: readonly { readonly channel: string; readonly expires: number }[];
}

/** What one process counted, or several together: plain values, to be sent from one to another. */
export interface Totals {
  /** By metric and label values, each on a line of its own. */
  readonly counts: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** All processes of a server together. */
export interface ServerTotals extends Totals {
  /** Seconds since 1970. */
  readonly started: number;
  readonly workers: number;
  readonly restarts: number;
  /** Undefined where nothing is scrubbed. */
  readonly scrub: ScrubTotals | undefined;
}

type Counted = "requests" | "bytes" | "unavailable" | "incomplete" | "refused";

/** Counts what one process does. */
export class Tally {
  readonly #counts = new Map<string, number>();
  inFlight = 0;

  add(metric: Counted, labels: readonly string[], value = 1): void {
    const key = `${metric}\n${labels.join("\n")}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + value);
  }

  totals(): Totals {
    return { counts: Object.fromEntries(this.#counts), inFlight: this.inFlight, ...processUse() };
  }
}

/** Processor time and memory of this process. */
export function processUse(): { cpuSeconds: number; residentBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
}

/** When this process started, in seconds since 1970. */
function processStart(): number {
  return Math.round(performance.timeOrigin) / 1000;
}

export function sumTotals(all: readonly Totals[]): Totals {
  const counts = new Map<string, number>();
  for (const one of all) {
    for (const [key, value] of Object.entries(one.counts)) counts.set(key, (counts.get(key) ?? 0) + value);
  }
  const sum = (key: "inFlight" | "cpuSeconds" | "residentBytes") =>
    all.reduce((total, one) => total + one[key], 0);
  return {
    counts: Object.fromEntries(counts),
    inFlight: sum("inFlight"),
    cpuSeconds: sum("cpuSeconds"),
    residentBytes: sum("residentBytes"),
  };
}

/** The totals of a server, with what its scrub uses. */
export function serverTotals(
  all: readonly Totals[],
  { scrub, ...rest }: Pick<ServerTotals, "workers" | "restarts" | "scrub">,
): ServerTotals {
  const { cpuSeconds = 0, residentBytes = 0 } = scrub ?? {};
  const sum = sumTotals([...all, { counts: {}, inFlight: 0, cpuSeconds, residentBytes }]);
  return { ...sum, ...rest, scrub, started: processStart() };
}

/** The page for Prometheus (text format 0.0.4) and its Content-Type. */
export async function metricsPage(totals: ServerTotals, ages: Ages): Promise<{ body: string; type: string }> {
  const registry = new Registry();
  const registers = [registry];
  const counter = (key: keyof typeof METRICS) => {
    const { name, help, labels } = METRICS[key];
    return new Counter({ name, help, labelNames: [...labels], registers });
  };
  const gauge = (key: keyof typeof METRICS) => {
    const { name, help, labels } = METRICS[key];
    return new Gauge({ name, help, labelNames: [...labels], registers });
  };
  const counters = {
    requests: counter("requests"),
    bytes: counter("bytes"),
    unavailable: counter("unavailable"),
    incomplete: counter("incomplete"),
    refused: counter("refused"),
  };
  for (const [key, value] of Object.entries(totals.counts)) {
    const [metric, ...values] = key.split("\n");
    const { labels } = METRICS[metric as Counted];
    const named = labels.map((label, at) => [label, values[at] ?? ""] as const);
    counters[metric as Counted].inc(Object.fromEntries(named), value);
  }
  gauge("inFlight").set(totals.inFlight);
  gauge("workers").set(totals.workers);
  counter("restarts").inc(totals.restarts);
  if (totals.scrub !== undefined) tellScrub(totals.scrub, counter, gauge);
  const age = gauge("age");
  const contentAge = gauge("contentAge");
  for (const { mirror, channel, seconds, content } of ages.snapshots) {
    age.set({ mirror, channel }, seconds);
    if (content !== undefined) contentAge.set({ mirror, channel }, content);
  }
  const expires = gauge("expires");
  for (const one of ages.channels) expires.set({ channel: one.channel }, one.expires);
  gauge("started").set(totals.started);
  counter("cpu").inc(totals.cpuSeconds);
  gauge("memory").set(totals.residentBytes);
  return { body: await registry.metrics(), type: registry.contentType };
}

function tellScrub(
  { ratio, bytes, found, last }: ScrubTotals,
  counter: (key: keyof typeof METRICS) => Counter,
  gauge: (key: keyof typeof METRICS) => Gauge,
): void {
  gauge("scrubProgress").set(ratio);
  counter("scrubBytes").inc(bytes);
  const byCode = counter("scrubFound");
  for (const [code, times] of Object.entries(found)) byCode.inc({ code }, times);
  if (last === undefined) return;
  gauge("scrubEnd").set(last.ended / 1000);
  gauge("scrubLastFound").set(last.found);
}
