import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installPrograms } from "../scripts/clients.ts";
import { Cleanup } from "../test/temp.ts";
import { openArchive } from "./archive/build.ts";
import { openDisk, type DiskKind } from "./sync/disk.ts";
import { machine } from "./sync/machine.ts";
import { render } from "./sync/report.ts";
import { runRounds } from "./sync/rounds.ts";
import { aptMirror } from "./sync/tools/apt-mirror.ts";
import { aptly } from "./sync/tools/aptly.ts";
import { debmirror } from "./sync/tools/debmirror.ts";
import { rsync } from "./sync/tools/rsync.ts";
import { sluice } from "./sync/tools/sluice.ts";
import { serveArchive } from "./sync/upstream.ts";
import { writeSection } from "./sync/write.ts";

const HELP = `npm run bench -- sync [OPTIONS]

First sync, a sync without news, one with 1 % of news, publication and a second snapshot, beside other tools.

  --only NAME,…     the archives: many (20,000 small packages), real (400 of 600 MB); both
  --rtt MS,…        round trips to the upstream; 0,20
  --tools NAME,…    those whose name begins so; all
  --rounds N        turns of each tool, of which the median counts; 3
  --disk KIND       ext4 (a journaled one in a file, as root), tmpfs (as root), folder; ext4
  --limit SECONDS   a run that takes longer is given up; 600
  --once SECONDS    a tool that is slower has one turn; 60
  --packages N      of the archive of small packages; 20000
  --archives DIR    keep the generated archives there for the next time
  --fast CxP        Sluice a second time, with C connections × P requests on the way on each; 32x8
  --write           put the result into docs/benchmarks.md
`;

/** Sluice beside rsync, apt-mirror, aptly and debmirror: all of them mirror the same archives from one nginx and one rsync daemon on this host. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: "many,real" },
      rtt: { type: "string", default: "0,20" },
      tools: { type: "string", default: "" },
      rounds: { type: "string", default: "3" },
      disk: { type: "string", default: "ext4" },
      limit: { type: "string", default: "600" },
      once: { type: "string", default: "60" },
      packages: { type: "string", default: "20000" },
      archives: { type: "string" },
      fast: { type: "string", default: "32x8" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const [connections = 32, pipelining = 8] = values.fast.split("x").map(Number);
  const all = [
    sluice(),
    sluice({ connections, pipelining }),
    rsync,
    aptMirror,
    aptly(4),
    aptly(16),
    debmirror,
  ];
  const named = values.tools.split(",");
  const tools = all.filter((tool) => named.some((name) => tool.name.startsWith(name)));
  installPrograms(tools.flatMap((tool) => tool.needs));

  const cleanup = new Cleanup();
  const stop = (): void => void cleanup.run().finally(() => process.exit(1));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const home = await cleanup.folder("bench");
    const archives = values.archives ?? join(home, "archives");
    await mkdir(archives, { recursive: true });
    const specs = [
      {
        name: "many",
        packages: Number(values.packages),
        bytes: 11_250 * Number(values.packages),
        sigma: 0.6,
      },
      { name: "real", packages: 400, bytes: 600e6, sigma: 2 },
    ].filter(({ name }) => values.only.split(",").includes(name));
    const upstreams = [];
    for (const spec of specs) {
      say(`${spec.name}: ${spec.packages} packages`);
      const archive = await openArchive(archives, spec);
      await archive.switch("v1");
      upstreams.push(...(await serveArchive(cleanup, archive, values.rtt.split(",").map(Number))));
    }
    const largest = Math.max(...specs.map(({ packages, bytes }) => bytes + packages * 8192));
    const disk = await openDisk(cleanup, home, values.disk as DiskKind, 2 ** 30 + 3 * largest);
    const columns = await runRounds(tools, upstreams, disk, {
      rounds: Number(values.rounds),
      limitMs: Number(values.limit) * 1000,
      onceAboveMs: Number(values.once) * 1000,
      say,
    });
    const text = render(columns, machine(disk.kind));
    process.stdout.write(text);
    if (values.write) await writeSection("sync", text);
  } finally {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
    await cleanup.run();
  }
}
