import { Counter, Gauge, Registry } from "prom-client";

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
  age: {
    name: "sluice_snapshot_age_seconds",
    type: "gauge",
    labels: ["mirror", "channel"],
    help: "Age of the snapshot that the channel serves.",
  },
  started: {
    name: "process_start_time_seconds",
    type: "gauge",
    labels: [],
    help: "Start of the process, in seconds since 1970.",
  },
  cpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    labels: [],
    help: "Processor time that the process has used.",
  },
  memory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    labels: [],
    help: "Memory that the process holds.",
  },
} as const satisfies Record<
  string,
  { name: string; type: "counter" | "gauge"; labels: readonly string[]; help: string }
>;

export interface SnapshotAge {
  readonly mirror: string;
  readonly channel: string;
  readonly seconds: number;
}

export interface ServerMetrics {
  readonly requests: Counter;
  readonly bytes: Counter;
  readonly inFlight: Gauge;
  readonly unavailable: Counter;
  readonly incomplete: Counter;
  /** The page for Prometheus (text format 0.0.4) and its Content-Type. */
  page(): Promise<{ body: string; type: string }>;
}

/** The metrics of one server; `ages` is asked at each scrape. */
export function serverMetrics(ages: () => Promise<readonly SnapshotAge[]>): ServerMetrics {
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
  const metrics = {
    requests: counter("requests"),
    bytes: counter("bytes"),
    inFlight: gauge("inFlight"),
    unavailable: counter("unavailable"),
    incomplete: counter("incomplete"),
  };
  const age = gauge("age");
  const cpu = counter("cpu");
  const memory = gauge("memory");
  gauge("started").set(Math.round(performance.timeOrigin) / 1000);
  return {
    ...metrics,
    async page() {
      const current = await ages();
      age.reset();
      for (const { mirror, channel, seconds } of current) age.set({ mirror, channel }, seconds);
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
      memory.set(process.memoryUsage.rss());
      return { body: await registry.metrics(), type: registry.contentType };
    },
  };
}
