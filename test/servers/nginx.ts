import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnv } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { freePort } from "./free-port.ts";

export interface NginxServer extends AsyncDisposable {
  readonly url: string;
  /** Of the process that leads its workers. */
  readonly pid: number;
  /** Lines of the access log so far: `STATUS METHOD PATH`. */
  log(): Promise<string[]>;
}

/** The `location` block that serves one folder as it is. */
export function folderSite(root: string): string {
  return `location / { root ${root}; autoindex on; }`;
}

/** Serves the `trees/` of a data folder, with the packages that left a channel lately. */
export function treesSite(data: string): string {
  return [
    `root ${join(data, "trees")};`,
    "etag on;",
    "location ~ ^/(?<mirror>[^/]+)/(?<channel>[^/]+)/(?<rest>.+)$ {",
    "  try_files $uri /$mirror/.grace/$channel/$rest =404;",
    "}",
  ].join("\n");
}

/** A real nginx with a configuration of its own, on a free port of 127.0.0.1; `site` goes into its `server` block. */
export async function nginxServer(site: string, options: { workers?: number } = {}): Promise<NginxServer> {
  const home = await tempFolder("nginx");
  // Workers may run as another user than the one that made the folder.
  await chmod(home, 0o755);
  await mkdir(join(home, "logs"));
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await writeFile(join(home, "nginx.conf"), configuration(home, port, site, options.workers ?? 1));
    const child = spawn(
      "nginx",
      ["-p", home, "-c", join(home, "nginx.conf"), "-e", join(home, "logs/error")],
      {
        env: plainEnv(),
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    if (await answers(url, () => child.exitCode !== null)) {
      return {
        url,
        pid: child.pid ?? 0,
        async log() {
          return (await readFile(join(home, "logs/access"), "utf8"))
            .split("\n")
            .filter((line) => line !== "");
        },
        async [Symbol.asyncDispose]() {
          child.kill("SIGTERM");
          await ended;
          await removeFolder(home);
        },
      };
    }
    child.kill("SIGKILL");
    await ended;
    if (attempt < 5 && /Address already in use/.test(said)) continue;
    await removeFolder(home);
    throw new Error(`nginx did not start: ${said}`);
  }
}

function configuration(home: string, port: number, site: string, workers: number): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${join(home, kind)};`)
    .join("\n");
  return `daemon off;
worker_processes ${workers};
pid ${join(home, "pid")};
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
sendfile on;
tcp_nopush on;
${temp}
log_format plain '$status $request_method $request_uri';
access_log ${join(home, "logs/access")} plain;
server_tokens off;
types { }
default_type application/octet-stream;
server {
listen 127.0.0.1:${port};
${site}
}
}
`;
}

async function answers(url: string, gone: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && !gone(); attempt++) {
    try {
      await (await fetch(url)).arrayBuffer();
      return true;
    } catch {
      await sleep(25);
    }
  }
  return false;
}
