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

const HEAD = [
  "| ecosystem | fault | must hold | tried | came out as | seconds | on |",
  "| --- | --- | --- | --: | --- | --: | --- |",
];

/** The rows as docs/reliability.md carries them: GitHub's Markdown. `date`: when they were tried. */
export function table(rows: readonly Row[], date: string): string {
  const lines = rows.map(({ ecosystem, fault, promise, seconds, outcome }) =>
    ["", ecosystem, fault, promise, ...cells(outcome), seconds.toFixed(0), date, ""].join(" | ").trim(),
  );
  return `${[...HEAD, ...lines].join("\n")}\n`;
}

/** The table with its lines in this order (`ecosystem | fault`), each from `fresh` where it has one, else from `old`; a line that is in no order any more goes. */
export function renewed(old: string, fresh: string, order: readonly string[]): string {
  const lines = new Map(
    `${old}\n${fresh}`
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => [keyOf(line), line]),
  );
  return `${[...HEAD, ...order.flatMap((key) => lines.get(key) ?? [])].join("\n")}\n`;
}

function keyOf(line: string): string {
  const [, ecosystem = "", fault = ""] = line.split("|").map((cell) => cell.trim());
  return `${ecosystem} | ${fault}`;
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
