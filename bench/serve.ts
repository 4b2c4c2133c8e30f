import { createHash, randomBytes } from "node:crypto";
import { open, readFile, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSite } from "../src/channel/site.ts";
import { reconcileTrees } from "../src/channel/trees.ts";
import { addSnapshot, point } from "../src/serve/site.test-helper.ts";
import { plainEnv } from "../test/run.ts";
import { nginxServer, treesSite } from "../test/servers/nginx.ts";
import { Cleanup } from "../test/temp.ts";
import { wrk, wrkScript, type Load } from "./wrk.ts";

const MAIN = join(import.meta.dirname, "../src/cli/main.ts");
const ID = "20261101T000000Z";
const SMALL = { count: 500, bytes: 10 * 1024 };
const LARGE = { count: 8, bytes: 10 * 2 ** 20 };

const TITLES = ["file", "connections", "server", "requests/s", "MB/s", "p99 ms", "CPU us", "of nginx"];
const LOADS = [
  { name: "10 KiB", connections: 2, script: "small" },
  { name: "10 KiB", connections: 64, script: "small" },
  { name: "10 MiB", connections: 2, script: "large" },
  { name: "10 MiB", connections: 64, script: "large" },
] as const;

interface Server {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

/** A load, and the processor time that a request of it cost the server, in microseconds. */
type Measured = Load & { readonly cpu: number };

/**
 * `sluice serve` with one worker and with several, beside nginx with as many on the trees of the same store: both
 * write an access log. They take turns, and the median of the rounds counts.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
      workers: { type: "string", default: "2" },
      only: { type: "string", default: "" },
    },
  });
  const cleanup = new Cleanup();
  try {
    const folder = await cleanup.folder("bench");
    const data = join(folder, "data");
    await fill(data);
    const scripts = {
      small: await wrkScript(folder, "small", paths("small", SMALL.count)),
      large: await wrkScript(folder, "large", paths("large", LARGE.count)),
    };
    const several = Number(values.workers);
    const servers: Server[] = [];
    for (const workers of several > 1 ? [1, several] : [1]) {
      const nginx = cleanup.use(await nginxServer(treesSite(data), { workers }));
      const sluice = cleanup.use(await sluiceServer(folder, data, workers));
      servers.push({ name: `nginx ${workers}`, ...nginx }, { name: `sluice ${workers}`, ...sluice });
    }
    process.stdout.write(
      `${cpus()[0]?.model ?? ""}, ${availableParallelism()} cores, Node ${process.version}\n`,
    );
    process.stdout.write(row(TITLES));
    // The first request waits for the manifest to be read.
    for (const { url } of servers) await wrk(url, scripts.small, { connections: 16, seconds: 1 });
    for (const load of LOADS.filter(({ name }) => name.includes(values.only))) {
      const results = new Map<string, Measured[]>(servers.map(({ name }) => [name, []]));
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const { name, url, pid } of servers) {
          const { connections, script } = load;
          const seconds = Number(values.seconds);
          const before = await cpuMicros(pid);
          const found = await wrk(url, scripts[script], { connections, seconds });
          const cpu = ((await cpuMicros(pid)) - before) / (found.requests * seconds);
          results.get(name)?.push({ ...found, cpu });
        }
      }
      report(load, servers, results);
    }
  } finally {
    await cleanup.run();
  }
}

function paths(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `/debian/stable/pool/${kind}/${at}.deb`);
}

async function fill(data: string): Promise<void> {
  const site = await openSite(data, 0);
  const files: Record<string, { bytes: Buffer }> = {};
  for (let at = 0; at < SMALL.count; at++)
    files[`pool/small/${at}.deb`] = { bytes: randomBytes(SMALL.bytes) };
  for (let at = 0; at < LARGE.count; at++)
    files[`pool/large/${at}.deb`] = { bytes: randomBytes(LARGE.bytes) };
  // As long as that of a repository of this size: lookups cost what they cost there.
  const pad = Buffer.from("x");
  for (let at = 0; at < 60_000; at++) {
    const name = createHash("sha256").update(String(at)).digest("hex").slice(0, 12);
    files[`pool/main/${name.slice(0, 2)}/${name}/${name}_1.0-1_amd64.deb`] = { bytes: pad };
  }
  await addSnapshot(site.store, "debian", ID, files);
  await point(site.store, "stable", { debian: ID }, Date.now());
  await reconcileTrees(site);
  await site.store.close();
}

async function sluiceServer(folder: string, data: string, workers: number) {
  const config = join(folder, `sluice-${workers}.yaml`);
  const log = await open(join(folder, `sluice-${workers}.log`), "w+");
  const text = JSON.stringify({ data, listen: "127.0.0.1:0", workers });
  await writeFile(config, text);
  const child = spawn(process.execPath, [MAIN, "--config", config, "serve"], {
    env: plainEnv(),
    stdio: ["ignore", log.fd, "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let url: string | undefined;
  while (url === undefined && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(await readStart(log))?.[0];
  }
  if (url === undefined) throw new Error("sluice serve did not start");
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      await log.close();
    },
  };
}

async function readStart(log: Awaited<ReturnType<typeof open>>): Promise<string> {
  const { buffer, bytesRead } = await log.read(Buffer.alloc(4096), 0, 4096, 0);
  return buffer.toString("utf8", 0, bytesRead);
}

function report(
  load: { name: string; connections: number },
  servers: readonly Server[],
  results: ReadonlyMap<string, readonly Measured[]>,
): void {
  const median = (name: string, key: keyof Measured): number => {
    const sorted = (results.get(name) ?? []).map((one) => one[key]).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  for (const { name } of servers) {
    const nginx = name.replace("sluice", "nginx");
    const ratio = `${((median(name, "bytes") / median(nginx, "bytes")) * 100).toFixed(0)} %`;
    const cells = [median(name, "requests"), median(name, "bytes") / 1e6].map((value) => value.toFixed(0));
    const p99 = median(name, "p99").toFixed(1);
    const cpu = median(name, "cpu").toFixed(0);
    process.stdout.write(row([load.name, String(load.connections), name, ...cells, p99, cpu, ratio]));
  }
}

/** Processor time of a process and its children so far (proc(5): ticks of 10 ms). */
async function cpuMicros(pid: number): Promise<number> {
  const stat = async (one: number): Promise<number> => {
    const fields = (await readFile(`/proc/${one}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  };
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  const pids = [pid, ...(children === "" ? [] : children.split(" ").map(Number))];
  return (await Promise.all(pids.map(stat))).reduce((sum, one) => sum + one, 0);
}

function row(cells: readonly string[]): string {
  return `${cells.map((cell) => cell.padEnd(12)).join("")}\n`;
}
