import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { SluiceEvent } from "../../src/base/events.ts";
import { createProgress } from "../../src/cli/progress.ts";
import type { SyncResult } from "../../src/sync/sync.ts";
import type { Screen } from "./screen.ts";

const BIN = join(import.meta.dirname, "../../bin/sluice");

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs bin/sluice as a person would; each command is shown before it runs. The config is named by SLUICE_CONFIG. */
export interface Sluice {
  /** Runs to the end, whatever comes of it; its output is given, not shown. */
  run(...args: readonly string[]): Promise<Said>;
  /** As run, and shows what it says; throws where it fails. */
  show(...args: readonly string[]): Promise<void>;
  /** What a command says under --json, without showing the command; throws where it fails. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Syncs all mirrors with the CLI's own progress. */
  sync(): Promise<readonly SyncResult[]>;
  /** Starts the server; its output, which is its access log, goes to a file. */
  serve(logFile: string): Promise<AsyncDisposable & { readonly url: string; readonly pid: number }>;
}

/** The site in a folder; `by` is what its commands are run by, such as `unshare --net`. */
export function sluiceIn(
  folder: string,
  screen: Screen,
  signal: AbortSignal,
  by: readonly string[] = [],
): Sluice {
  const env = {
    ...process.env,
    SLUICE_CONFIG: join(folder, "sluice.yaml"),
    // The repository that the demo may make itself is on this host: no proxy leads there.
    no_proxy: [process.env["no_proxy"] || process.env["NO_PROXY"], "127.0.0.1"].filter(Boolean).join(","),
  };

  function start(args: readonly string[], output: "pipe" | number) {
    const [program = "", ...rest] = [...by, BIN, ...args];
    return spawn(program, rest, { cwd: folder, env, stdio: ["ignore", output, output], signal });
  }

  async function quietly(args: readonly string[], onLine?: (line: string) => void): Promise<Said> {
    const child = start(args, "pipe");
    let stdout = "";
    let stderr = "";
    if (child.stdout === null || child.stderr === null) throw new Error("bin/sluice has no output.");
    if (onLine !== undefined) createInterface({ input: child.stdout }).on("line", onLine);
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    let fault: Error | undefined;
    child.once("error", (error) => (fault = error));
    // Not before it has ended: one that was stopped still writes into the folder for a moment.
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    if (fault !== undefined) throw fault;
    return { code, stdout, stderr };
  }

  async function run(...args: readonly string[]): Promise<Said> {
    screen.command([...by, "sluice", ...args].join(" "));
    return await quietly(args);
  }

  return {
    run,
    async show(...args) {
      const { code, stdout, stderr } = await run(...args);
      screen.text(stdout + stderr);
      if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with status ${code}`);
    },
    async json<T>(...args: readonly string[]) {
      const { code, stdout, stderr } = await quietly([...args, "--json"]);
      if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with status ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    async sync() {
      screen.command("sluice sync");
      const progressTo = process.stdout.isTTY ? process.stdout : indented(screen);
      const progress = createProgress(
        { out: progressTo, err: progressTo, input: process.stdin, env: process.env, now: Date.now },
        { json: false, quiet: false },
      );
      const results: SyncResult[] = [];
      const said = await quietly(["sync", "--json"], (line) => {
        const value = JSON.parse(line) as SluiceEvent | SyncResult;
        if ("event" in value) progress.emit(value);
        else if ("result" in value) progress.finish(value.mirror, () => void results.push(value));
      });
      progress.done();
      if (results.length === 0) throw new Error(`sluice sync ended with status ${said.code}: ${said.stderr}`);
      return results;
    },
    async serve(logFile) {
      screen.command("sluice serve --listen 127.0.0.1:0");
      const file = openSync(logFile, "w");
      const child = start(["serve", "--listen", "127.0.0.1:0"], file);
      closeSync(file);
      child.on("error", () => {});
      const ended = new Promise((resolve) => child.once("close", resolve));
      const url = await listening(child, logFile);
      return {
        url,
        pid: child.pid ?? 0,
        async [Symbol.asyncDispose]() {
          child.kill("SIGTERM");
          await ended;
        },
      };
    },
  };
}

/** Off a terminal there are plain lines only, and they stand in line with the rest. */
function indented(screen: Screen): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) screen.text(chunk.toString());
      done();
    },
  });
}

async function listening(
  child: { readonly exitCode: number | null; kill(): unknown },
  logFile: string,
): Promise<string> {
  for (let attempt = 0; attempt < 400 && child.exitCode === null; attempt++) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(logFile, "utf8"))?.[0];
    if (url !== undefined) return url;
    await sleep(50);
  }
  child.kill();
  throw new Error(`sluice serve does not listen: ${readFileSync(logFile, "utf8")}`);
}
