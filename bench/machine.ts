import { availableParallelism, cpus, release, totalmem } from "node:os";

/** What was measured on, and when; without names. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "an unknown processor";
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${model}, ${availableParallelism()} cores, ${gibibytes} GiB, Linux ${release().split("-")[0]}, Node ${process.versions.node}`;
}
