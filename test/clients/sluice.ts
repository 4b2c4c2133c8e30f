import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnv } from "../run.ts";
import type { Ran } from "../run.ts";
import type { AptClient } from "./apt.ts";
import { runInline } from "./inline.ts";
import { removeFolder, tempFolder } from "../temp.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
/** As bin/sluice has it. */
const COMPILED = join(import.meta.dirname, "../../node_modules/.cache/node");

/** What `sluice sync --json` says of one mirror at the end. */
export interface SyncLine {
  readonly mirror: string;
  readonly result: "updated" | "unchanged" | "failed";
  readonly snapshot?: string;
  readonly fetchedFiles: number;
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly seconds: number;
  readonly holes?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface ListedMirror {
  readonly name: string;
  readonly ecosystem: string;
  readonly mode: string;
  readonly snapshots: readonly {
    readonly id: string;
    readonly created: string;
    readonly packages: number;
    readonly files: number;
    readonly bytes: number;
    readonly holes: number;
    readonly signedBy: readonly string[];
  }[];
  readonly channels: Readonly<Record<string, string>>;
}

export interface Running {
  readonly done: Promise<Ran>;
  kill(signal: NodeJS.Signals): void;
}

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly done: Promise<Ran>;
}

/** One installation in a folder of its own, driven only by the command line. */
export interface SluiceSite extends AsyncDisposable {
  readonly home: string;
  readonly data: string;
  /** What the environment of its processes has too, and may be changed; with any of it, no run is made in this process. */
  env: Readonly<Record<string, string>>;
  /** Writes sluice.yaml (JSON is YAML too). */
  configure(
    mirrors: Readonly<Record<string, object>>,
    more?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Program and arguments, for those who run it in another way. */
  commandLine(...args: readonly string[]): readonly string[];
  run(...args: readonly string[]): Promise<Ran>;
  /** As run, but anything else than exit 0 fails the test with what was said. */
  ok(...args: readonly string[]): Promise<Ran>;
  /** Runs with `--json`; all lines of stdout, parsed. */
  json<T>(...args: readonly string[]): Promise<T[]>;
  start(...args: readonly string[]): Running;
  /** Syncs one mirror, whatever comes of it. */
  sync(mirror: string, ...options: readonly string[]): Promise<SyncLine & { code: number | null }>;
  /** Syncs all mirrors, which must succeed; the line of each. */
  syncAll(): Promise<readonly SyncLine[]>;
  list(): Promise<readonly ListedMirror[]>;
  mirror(name: string): Promise<ListedMirror>;
  /** Snapshot ids of a mirror, oldest first. */
  ids(mirror: string): Promise<readonly string[]>;
  /** Runs the script of `sluice client` as a client host would. */
  setUpClient(apt: AptClient, mirror: string, channel: string, ...options: string[]): Promise<void>;
  /** On a free port, with these options too. Its end must be a good one, if it is not over before. */
  serve(...options: readonly string[]): Promise<Served>;
}

/** With its data in this folder, or in one of its own. `inline`: its runs, but for `start` and `serve`, are made in this process. */
export async function sluiceSite(name = "site", elsewhere?: string, inline = false): Promise<SluiceSite> {
  const home = await tempFolder(name);
  const data = elsewhere ?? join(home, "data");
  const config = join(home, "sluice.yaml");

  const commandLine = (...args: readonly string[]): readonly string[] => [
    process.execPath,
    MAIN,
    "--config",
    config,
    ...args,
  ];

  function start(...args: readonly string[]): Running & { child: ChildProcess } {
    const [node = "", ...rest] = commandLine(...args);
    const child = spawn(node, rest, {
      cwd: home,
      env: plainEnv({ HOME: home, NODE_COMPILE_CACHE: COMPILED, ...site.env }),
      stdio: ["ignore", "pipe", "pipe"],
      // A server runs as long as its test does.
      timeout: args[0] === "serve" ? 0 : 120_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const done = new Promise<Ran>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    return { child, done, kill: (signal) => void child.kill(signal) };
  }

  const run = async (...args: readonly string[]): Promise<Ran> =>
    inline && Object.keys(site.env).length === 0
      ? await runInline(["--config", config, ...args])
      : await start(...args).done;

  async function ok(...args: readonly string[]): Promise<Ran> {
    const ran = await run(...args);
    equal(ran.code, 0, `sluice ${args.join(" ")}\n${ran.stderr}\n${ran.stdout}`);
    return ran;
  }

  async function json<T>(...args: readonly string[]): Promise<T[]> {
    return jsonLines<T>((await ok(...args, "--json")).stdout);
  }

  async function list(): Promise<readonly ListedMirror[]> {
    const [listed] = await json<{ mirrors: ListedMirror[] }>("list");
    return listed?.mirrors ?? [];
  }

  async function mirror(name: string): Promise<ListedMirror> {
    const found = (await list()).find((one) => one.name === name);
    if (found === undefined) throw new Error(`\`sluice list\` has no mirror ${name}`);
    return found;
  }

  const site: SluiceSite = {
    home,
    data,
    env: {},
    async configure(mirrors, more = {}) {
      await writeFile(config, JSON.stringify({ data, ...more, mirrors }, undefined, 2));
    },
    commandLine,
    run,
    ok,
    json,
    start,
    async sync(name, ...options) {
      const ran = await run("sync", name, ...options, "--json");
      const line = jsonLines<SyncLine>(ran.stdout).at(-1);
      if (line?.mirror !== name) throw new Error(`sync said ${ran.stdout}\n${ran.stderr}`);
      return { ...line, code: ran.code };
    },
    async syncAll() {
      // The lines of progress have no result.
      return (await json<SyncLine>("sync")).filter((line) => Object.hasOwn(line, "result"));
    },
    list,
    mirror,
    ids: async (name) => (await mirror(name)).snapshots.map(({ id }) => id).toSorted(),
    async setUpClient(apt, mirror, channel, ...options) {
      const { stdout } = await ok("client", mirror, "--channel", channel, "--format", "script", ...options);
      const ran = await apt.setUp(stdout);
      equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
    },
    async serve(...options) {
      const { child, done, kill } = start("serve", "--listen", "127.0.0.1:0", ...options);
      const url = await listening(child);
      return {
        url,
        pid: child.pid ?? 0,
        done,
        async [Symbol.asyncDispose]() {
          if (child.exitCode !== null || child.signalCode !== null) return;
          kill("SIGTERM");
          const { code, stderr } = await done;
          equal(code, 0, `sluice serve ended badly: ${stderr}`);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await removeFolder(home);
    },
  };
  return site;
}

export function jsonLines<T>(stdout: string): T[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

/** Holds a failed run to the house's form: exit 1, one sentence with its code, no stack, no control characters. */
export function refused(ran: Ran, code: string): void {
  equal(ran.code, 1, `${ran.stdout}\n${ran.stderr}`);
  match(ran.stderr, new RegExp(`\\b${code}\\b`));
  equal(/^\s+at .*:\d+:\d+/m.test(ran.stderr), false, `a stack shows: ${ran.stderr}`);
  equal(/[\u0000-\u0008\u000b-\u001f\u007f]/.test(ran.stderr), false, `control characters: ${ran.stderr}`);
}

async function listening(child: ChildProcess): Promise<string> {
  let said = "";
  const hear = (text: string): void => void (said += text);
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  for (let attempt = 0; attempt < 800 && child.exitCode === null; attempt++) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url !== undefined) {
      const health = await fetch(`${url}/_/healthz`);
      await health.arrayBuffer();
      equal(health.status, 200);
      return url;
    }
    await sleep(25);
  }
  child.kill("SIGKILL");
  throw new Error(`sluice serve does not listen: ${said}`);
}
