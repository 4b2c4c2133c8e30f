import { createHash, randomBytes } from "node:crypto";
import { open, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { openSite } from "../src/channel/site.ts";
import { reconcileTrees } from "../src/channel/trees.ts";
import { addSnapshot, point } from "../src/serve/site.test-helper.ts";
import { plainEnv } from "../test/run.ts";

const MAIN = join(import.meta.dirname, "../src/cli/main.ts");
const ID = "20261101T000000Z";

/** What is asked for: so many files of so many bytes each. */
export const FILES = {
  small: { name: "10 KiB", count: 500, bytes: 10 * 1024 },
  large: { name: "10 MiB", count: 8, bytes: 10 * 2 ** 20 },
  // As when an update is out, and all hosts come for it.
  same: { name: "10 MiB, all the same", count: 1, bytes: 10 * 2 ** 20 },
} as const;

export type Kind = keyof typeof FILES;

export const KINDS = Object.keys(FILES) as readonly Kind[];

/** The paths of all files of a kind. */
export function pathsOf(kind: Kind): string[] {
  return Array.from({ length: FILES[kind].count }, (_, at) => `/debian/stable/pool/${kind}/${at}.deb`);
}

/** Makes a data folder with a channel, and its trees, for both servers. */
export async function fillSite(data: string): Promise<void> {
  const site = await openSite(data, 0);
  const files: Record<string, { bytes: Buffer }> = {};
  for (const [kind, { count, bytes }] of Object.entries(FILES)) {
    for (let at = 0; at < count; at++) files[`pool/${kind}/${at}.deb`] = { bytes: randomBytes(bytes) };
  }
  // As long as that of a repository of this size: lookups cost what they cost there.
  const pad = Buffer.from("x");
  for (let at = 0; at < 60_000; at++) {
    const name = createHash("sha256").update(String(at)).digest("hex").slice(0, 12);
    files[`pool/main/${name.slice(0, 2)}/${name}/${name}_1.0-1_amd64.deb`] = { bytes: pad };
  }
  const author = await site.author();
  await addSnapshot(site.store, "debian", ID, files, undefined, author);
  await point(site.store, "stable", { debian: ID }, Date.now(), author);
  await reconcileTrees(site);
  await site.store.close();
}

export interface SluiceServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** `sluice serve` as it comes, but for the number of workers; its access log goes to a file, as that of nginx. */
export async function sluiceServer(folder: string, data: string, workers: number): Promise<SluiceServer> {
  const config = join(folder, `sluice-${workers}.yaml`);
  const log = await open(join(folder, `sluice-${workers}.log`), "w+");
  await writeFile(config, JSON.stringify({ data, listen: "127.0.0.1:0", workers }));
  const child = spawn(process.execPath, [MAIN, "--config", config, "serve"], {
    env: plainEnv(),
    stdio: ["ignore", log.fd, "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let url: string | undefined;
  while (url === undefined && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { buffer, bytesRead } = await log.read(Buffer.alloc(4096), 0, 4096, 0);
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(buffer.toString("utf8", 0, bytesRead))?.[0];
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
