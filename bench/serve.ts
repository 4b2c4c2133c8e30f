import { createHash, randomBytes } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
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

const LOADS = [
  { name: "10 KiB", connections: 2, script: "small" },
  { name: "10 KiB", connections: 64, script: "small" },
  { name: "10 MiB", connections: 2, script: "large" },
  { name: "10 MiB", connections: 64, script: "large" },
] as const;

interface Server {
  readonly name: string;
  readonly url: string;
}

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
      servers.push(
        { name: `nginx ${workers}`, url: nginx.url },
        { name: `sluice ${workers}`, url: sluice.url },
      );
    }
    process.stdout.write(
      `${cpus()[0]?.model ?? ""}, ${availableParallelism()} cores, Node ${process.version}\n`,
    );
    process.stdout.write(row(["file", "connections", "server", "requests/s", "MB/s", "p99 ms", "of nginx"]));
    for (const load of LOADS.filter(({ name }) => name.includes(values.only))) {
      const results = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const { name, url } of servers) {
          const { connections, script } = load;
          const found = await wrk(url, scripts[script], { connections, seconds: Number(values.seconds) });
          results.get(name)?.push(found);
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
  const text = JSON.stringify({ data, listen: "127.0.0.1:0" });
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
  results: ReadonlyMap<string, readonly Load[]>,
): void {
  const median = (name: string, key: keyof Load): number => {
    const sorted = (results.get(name) ?? []).map((one) => one[key]).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  for (const { name } of servers) {
    const nginx = name.replace("sluice", "nginx");
    const ratio = `${((median(name, "bytes") / median(nginx, "bytes")) * 100).toFixed(0)} %`;
    const cells = [median(name, "requests"), median(name, "bytes") / 1e6].map((value) => value.toFixed(0));
    const p99 = median(name, "p99").toFixed(1);
    process.stdout.write(row([load.name, String(load.connections), name, ...cells, p99, ratio]));
  }
}

function row(cells: readonly string[]): string {
  return `${cells.map((cell) => cell.padEnd(12)).join("")}\n`;
}
