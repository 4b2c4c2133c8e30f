import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { wrk, type Load } from "./wrk.ts";

/** A server under load for some seconds; processor time in microseconds a file. */
export interface Turn extends Load {
  /** Files a second: large ones that are on their way at the end count by their part. */
  readonly files: number;
  /** Of the server, all its processes and threads together. */
  readonly cpu: number;
  /** Of wrk. */
  readonly loadCpu: number;
  /** The part of all processors that neither of the two had, but someone else. */
  readonly others: number;
}

/** Loads a server with requests for files of so many bytes, and sees what it costs. */
export async function turn(
  server: { readonly url: string; readonly pid: number },
  script: string,
  options: { connections: number; seconds: number; fileBytes: number },
): Promise<Turn> {
  const started = performance.now();
  const before = await used(server.pid);
  const load = await wrk(server.url, script, options);
  const after = await used(server.pid);
  const [own, byLoad] = [after.server - before.server, after.load - before.load];
  const all = ((performance.now() - started) / 1000) * availableParallelism();
  const others = Math.max(0, after.all - before.all - own - byLoad) / all;
  // Of small ones, the headers would count too.
  const files = options.fileBytes < 2 ** 20 ? load.requests : load.bytes / options.fileBytes;
  const micros = 1e6 / (files * load.seconds);
  return { ...load, files, cpu: own * micros, loadCpu: byLoad * micros, others };
}

/** Seconds of processor time so far, of which the kernel counts hundredths (proc(5)). */
async function used(pid: number): Promise<{ server: number; load: number; all: number }> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  const pids = [pid, ...(children === "" ? [] : children.split(" ").map(Number))];
  const servers = await Promise.all(pids.map(timesOf));
  const self = await timesOf(process.pid);
  // Time that interrupts and the host of a virtual machine take is nobody's.
  const [user = 0, nice = 0, system = 0] = (await readFile("/proc/stat", "utf8"))
    .split(/\s+/, 4)
    .slice(1)
    .map(Number);
  return {
    server: servers.reduce((sum, { own }) => sum + own, 0),
    // The children of this process that have ended: wrk.
    load: self.ended,
    all: (user + nice + system) / 100,
  };
}

async function timesOf(pid: number): Promise<{ own: number; ended: number }> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8"))
    .replace(/^.*\) /s, "")
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { own: (user + system) / 100, ended: (endedUser + endedSystem) / 100 };
}
