import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installPrograms } from "../scripts/clients.ts";
import { Cleanup } from "../test/temp.ts";
import { openArchive, type ArchiveSpec } from "./archive/build.ts";
import { writeSection } from "./page.ts";
import { openDisk, type DiskKind } from "./sync/disk.ts";
import { render } from "./sync/report.ts";
import { runRounds } from "./sync/rounds.ts";
import { aptMirror } from "./sync/tools/apt-mirror.ts";
import { aptly } from "./sync/tools/aptly.ts";
import { debmirror } from "./sync/tools/debmirror.ts";
import { rsync } from "./sync/tools/rsync.ts";
import { sluice } from "./sync/tools/sluice.ts";
import type { Tool } from "./sync/tools/tool.ts";
import { serveArchive } from "./sync/upstream.ts";

const HELP = `npm run bench -- sync [OPTIONS]

First sync, a sync without news, one with 1 % of news, publication and a second snapshot, beside other tools. In
about a quarter of an hour; a tool that is given up or fails has a remark in its place.

  --quick           a tenth of the packages, one turn of each tool: two or three minutes
  --only NAME,…     the archives: many (20,000 small packages), real (400 of 600 MB); both
  --rtt MS,…        round trips to the upstream; 0,20
  --tools NAME,…    those whose name begins so; all
  --rounds N        turns of each tool, of which the median counts; 3
  --disk KIND       ext4 (a journaled one in a file, as root), tmpfs (as root), folder; ext4
  --limit SECONDS   a run that takes longer is given up; 100
  --once SECONDS    a tool whose first sync takes longer has one turn; 10
  --archives DIR    keep the generated archives there for the next time
  --also CxP        Sluice a second time, with C connections × P requests on the way on each
  --write           put the result into docs/benchmarks.md
`;

/** As many packages as a small suite has, of 11 kB; and as many bytes as it has, in sizes spread as Debian's are. */
const SPECS: readonly ArchiveSpec[] = [
  { name: "many", packages: 20_000, bytes: 225e6, sigma: 0.6 },
  { name: "real", packages: 400, bytes: 600e6, sigma: 2 },
];

const tenth = (spec: ArchiveSpec): ArchiveSpec => ({
  ...spec,
  packages: spec.packages / 10,
  bytes: spec.bytes / 10,
});

/** Sluice beside rsync, apt-mirror, aptly and debmirror: all of them mirror the same archives from one nginx and one rsync daemon on this host. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "many,real" },
      rtt: { type: "string", default: "0,20" },
      tools: { type: "string", default: "" },
      rounds: { type: "string" },
      disk: { type: "string", default: "ext4" },
      limit: { type: "string", default: "100" },
      once: { type: "string", default: "10" },
      archives: { type: "string" },
      also: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const tools = toolsOf(values.also).filter(({ name }) =>
    values.tools.split(",").some((begin) => name.startsWith(begin)),
  );
  installPrograms(tools.flatMap((tool) => tool.needs));

  const cleanup = new Cleanup();
  const stop = (): void => void cleanup.run().finally(() => process.exit(1));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const home = await cleanup.folder("bench");
    const archives = values.archives ?? join(home, "archives");
    await mkdir(archives, { recursive: true });
    const specs = SPECS.filter(({ name }) => values.only.split(",").includes(name)).map(
      values.quick ? tenth : (spec) => spec,
    );
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
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      limitMs: Number(values.limit) * 1000,
      onceAboveMs: Number(values.once) * 1000,
      say,
    });
    const text = render(columns, disk.kind);
    process.stdout.write(text);
    if (values.write) await writeSection("sync", text);
  } finally {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
    await cleanup.run();
  }
}

function toolsOf(also: string | undefined): Tool[] {
  const [connections = 0, pipelining = 0] = also?.split("x").map(Number) ?? [];
  const second = also === undefined ? [] : [sluice({ connections, pipelining })];
  return [sluice(), ...second, rsync, aptMirror, aptly(4), aptly(16), debmirror];
}
