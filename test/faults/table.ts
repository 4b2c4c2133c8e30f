import { cpus, release, totalmem } from "node:os";
import type { Outcome } from "./fault.ts";

export interface Row {
  readonly ecosystem: string;
  readonly fault: string;
  readonly promise: string;
  readonly seconds: number;
  /** What came of it; a text says why it was left out, or how it failed. */
  readonly outcome: Outcome | { readonly skipped: string } | { readonly failed: string };
}

/** The rows as docs/reliability.md carries them: GitHub's Markdown. */
export function table(rows: readonly Row[]): string {
  const head = [
    "| ecosystem | fault | must hold | tried | came out as | seconds |",
    "| --- | --- | --- | --: | --- | --: |",
  ];
  const lines = rows.map(({ ecosystem, fault, promise, seconds, outcome }) =>
    ["", ecosystem, fault, promise, ...cells(outcome), seconds.toFixed(0), ""].join(" | ").trim(),
  );
  return `${[...head, ...lines].join("\n")}\n`;
}

function cells(outcome: Row["outcome"]): [tried: string, outcome: string] {
  if ("skipped" in outcome) return ["0", `left out: ${outcome.skipped}`];
  if ("failed" in outcome) return ["", `**failed**: ${outcome.failed.split("\n")[0] ?? ""}`];
  const parts = Object.entries(outcome.outcomes).map(([name, times]) => `${times} ${name}`);
  return [String(outcome.tried), parts.join(", ")];
}

/** The machine of a measurement, without its name. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}, ${memory} GiB, Linux ${release().split("-")[0]}, Node ${process.versions.node}`;
}
