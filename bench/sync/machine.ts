import { availableParallelism, cpus, release, totalmem } from "node:os";
import type { DiskKind } from "./disk.ts";

const DISKS: Readonly<Record<DiskKind, string>> = {
  ext4: "a journaled ext4 in a file whose blocks are all there, made anew for each turn",
  tmpfs: "a tmpfs",
  folder: "a folder of the system's own file system",
};

/** What was measured on, and when; in one line without names. */
export function machine(disk: DiskKind): string {
  const model = cpus()[0]?.model.trim() ?? "an unknown processor";
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, ${model}, ${availableParallelism()} cores, ${gibibytes} GiB, Linux ${release().split("-")[0]}, Node ${process.versions.node}; on ${DISKS[disk]}.`;
}
