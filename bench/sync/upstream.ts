import { fork, spawn } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isInstalled } from "../../test/needs.ts";
import { plainEnv, run } from "../../test/run.ts";
import { freePort } from "../../test/servers/free-port.ts";
import { nginxServer, type NginxServer } from "../../test/servers/nginx.ts";
import type { Cleanup } from "../../test/temp.ts";
import type { Archive } from "../archive/build.ts";

/** Where tools fetch an archive from; the two are one server behind ways of different length. */
export interface Upstream {
  readonly archive: Archive;
  readonly rtt: number;
  readonly http: string;
  /** `rsync://HOST:PORT/archive/`; undefined where rsync is not installed. */
  readonly rsync: string | undefined;
  /** Requests that the HTTP server has answered so far. */
  requests(): Promise<number>;
}

/** Serves `current` of an archive by nginx and by an rsync daemon, at each of these round trips (ms). */
export async function serveArchive(
  cleanup: Cleanup,
  archive: Archive,
  rtts: readonly number[],
): Promise<Upstream[]> {
  const root = join(archive.root, "current");
  const site = `location / { root ${root}; }`;
  const nginx = cleanup.use(await nginxServer(site));
  const rsyncPort = isInstalled("rsync") ? await rsyncDaemon(cleanup, root) : undefined;
  return await Promise.all(rtts.map((rtt) => behind(cleanup, { archive, nginx, rsyncPort }, rtt)));
}

async function behind(
  cleanup: Cleanup,
  near: { archive: Archive; nginx: NginxServer; rsyncPort: number | undefined },
  rtt: number,
): Promise<Upstream> {
  const { archive, nginx, rsyncPort } = near;
  const away = async (port: number): Promise<number> =>
    rtt === 0 ? port : await delayed(cleanup, port, rtt / 2);
  const http = `http://127.0.0.1:${await away(Number(new URL(nginx.url).port))}`;
  const rsync = rsyncPort === undefined ? undefined : `rsync://127.0.0.1:${await away(rsyncPort)}/archive/`;
  return { archive, rtt, http, rsync, requests: async () => (await nginx.log()).length };
}

async function delayed(cleanup: Cleanup, port: number, delayMs: number): Promise<number> {
  const child = fork(join(import.meta.dirname, "delay.ts"), [String(port), String(delayMs)]);
  cleanup.use({
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the delay proxy did not start")));
    child.once("message", (message) => resolve((message as { port: number }).port));
  });
}

async function rsyncDaemon(cleanup: Cleanup, root: string): Promise<number> {
  const home = await cleanup.folder("rsyncd");
  await chmod(home, 0o755);
  await mkdir(join(home, "run"));
  const port = await freePort();
  const config = join(home, "rsyncd.conf");
  const user = process.getuid?.() === 0 ? "uid = root\ngid = root\n" : "";
  await writeFile(
    config,
    `pid file = ${join(home, "run/pid")}\nlog file = ${join(home, "run/log")}\nuse chroot = no\n${user}[archive]\npath = ${root}\nread only = yes\n`,
  );
  const args = ["--daemon", "--no-detach", `--config=${config}`, "--address=127.0.0.1", `--port=${port}`];
  const child = spawn("rsync", args, { env: plainEnv(), stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  cleanup.use({
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  });
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    if ((await run("rsync", [`rsync://127.0.0.1:${port}/`])).code === 0) return port;
    await sleep(50);
  }
  throw new Error("the rsync daemon did not start");
}
