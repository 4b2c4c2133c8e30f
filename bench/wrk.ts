import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../test/run.ts";

/** What wrk measured: for how long, requests answered and bytes received a second, and the time of 99 in 100 answers in ms. */
export interface Load {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly p99: number;
}

/** Writes the script that makes wrk go through the paths in turn. */
export async function wrkScript(folder: string, name: string, paths: readonly string[]): Promise<string> {
  const file = join(folder, `${name}.lua`);
  const list = paths.map((path) => JSON.stringify(path)).join(",");
  await writeFile(
    file,
    `local paths = {${list}}
local at = 0
local made = {}
init = function() for n, path in ipairs(paths) do made[n] = wrk.format("GET", path) end end
request = function() at = at % #made + 1; return made[at] end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.duration, summary.requests, summary.bytes,
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  );
  return file;
}

/** One thread of wrk for so many seconds. Throws where any request failed: such figures mean nothing. */
export async function wrk(
  url: string,
  script: string,
  options: { connections: number; seconds: number },
): Promise<Load> {
  const { connections, seconds } = options;
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", script, url];
  const said = await must("wrk", args);
  const result = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(said);
  if (result === null) throw new Error(`wrk said ${said}`);
  const [micros = 0, requests = 0, bytes = 0, p99 = 0, errors = 0] = result.slice(1).map(Number);
  if (errors > 0) throw new Error(`${errors} of ${requests} requests to ${url} failed:\n${said}`);
  const took = micros / 1e6;
  return { seconds: took, requests: requests / took, bytes: bytes / took, p99: p99 / 1000 };
}
