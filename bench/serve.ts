import { join } from "node:path";
import { parseArgs } from "node:util";
import { nginxServer, treesSite } from "../test/servers/nginx.ts";
import { Cleanup } from "../test/temp.ts";
import { render, speedOf, type Round, type Row } from "./serve-report.ts";
import { FILES, fillSite, KINDS, pathsOf, sluiceServer } from "./serve-site.ts";
import { writeSection } from "./page.ts";
import { turn } from "./serve-turn.ts";
import { wrk, wrkScript } from "./wrk.ts";

const CONNECTIONS = [2, 64];

const HELP = `npm run bench -- serve [OPTIONS]

\`sluice serve\` beside nginx on the trees of the same store, from memory, each with one worker and with several. Both
write an access log. They take turns, so that whatever else this host does meets both.

  --workers N       several: so many; 1 leaves them out; 2
  --rounds N        turns of each; 9
  --seconds N       of a turn; 1
  --only KIND       small, large, or same: one large file for all; all three
  --write           put the result into docs/benchmarks.md
`;

/** Measures how fast files are served. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "1" },
      rounds: { type: "string", default: "9" },
      workers: { type: "string", default: "2" },
      only: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const seconds = Number(values.seconds);
  const rounds = Number(values.rounds);
  const kinds = KINDS.filter((kind) => values.only === undefined || kind === values.only);
  const cleanup = new Cleanup();
  const stop = (): void => void cleanup.run().finally(() => process.exit(1));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const folder = await cleanup.folder("bench");
    const data = join(folder, "data");
    await fillSite(data);
    const rows: Row[] = [];
    for (const workers of new Set([1, Number(values.workers)])) {
      const nginx = cleanup.use(await nginxServer(treesSite(data), { workers }));
      const sluice = cleanup.use(await sluiceServer(folder, data, workers));
      for (const kind of kinds) {
        const script = await wrkScript(folder, kind, pathsOf(kind));
        // The first request waits for the manifest to be read, and files come into memory.
        for (const { url } of [nginx, sluice]) await wrk(url, script, { connections: 16, seconds: 1 });
        for (const connections of CONNECTIONS) {
          const options = { connections, seconds, fileBytes: FILES[kind].bytes };
          const done: Round[] = [];
          while (done.length < rounds) {
            done.push({
              nginx: await turn(nginx, script, options),
              sluice: await turn(sluice, script, options),
            });
          }
          const row = { file: FILES[kind].name, connections, workers, rounds: done };
          process.stderr.write(`${speedOf(row).join("  ")}\n`);
          rows.push(row);
        }
      }
    }
    const text = render(rows, `${rounds} rounds of ${seconds} s`);
    process.stdout.write(text);
    if (values.write) await writeSection("serve", text);
  } finally {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
    await cleanup.run();
  }
}
