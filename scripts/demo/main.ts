import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatBytes, formatCount } from "../../src/cli/format.ts";
import { demo, type Proven } from "./demo.ts";
import { aptProxy, hasProgram } from "./host.ts";
import { createScreen } from "./screen.ts";
import { sluiceIn } from "./sluice.ts";

// npm run demo                   mirrors a few packages of this host's own repositories, carries them to a second site by a bundle, and installs one of them at each
// npm run demo -- --made         the same with a small repository that the demo makes itself
// npm run demo -- --keep         leaves its folder (or KEEP=1)
const { values } = parseArgs({ options: { made: { type: "boolean" }, keep: { type: "boolean" } } });
const keep = values.keep === true || (process.env["KEEP"] ?? "") !== "";

const started = performance.now();
const screen = createScreen(process.stdout);
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
screen.plain(`Everything of this demo is below ${folder}.`);

try {
  if (hasProgram("apt-config")) Object.assign(process.env, await aptProxy());
  const proven = await demo(screen, (folder, by) => sluiceIn(folder, screen, stop.signal, by), folder, {
    made: values.made === true,
  });
  summary(proven, (performance.now() - started) / 1000);
} catch (error) {
  process.exitCode = stop.signal.aborted ? 130 : 1;
  const what = error instanceof Error ? error.message : String(error);
  screen.plain(stop.signal.aborted ? "\nThe demo was stopped." : `\nThe demo failed: ${what}`);
} finally {
  if (keep) screen.plain(`Left for you: ${folder}\n  SLUICE_CONFIG=${folder}/sluice.yaml bin/sluice list`);
  else await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  if (!keep) screen.plain("The folder is removed; npm run demo -- --keep leaves it.");
}

function summary({ synced, skipped, installed, carried, byApt, real }: Proven, seconds: number): void {
  const sum = (of: (one: Proven["synced"][number]) => number): number =>
    [...synced, ...skipped].reduce((total, one) => total + of(one), 0);
  const names = synced.map(({ mirror }) => mirror).join(", ");
  screen.step("What this showed");
  screen.text(
    [
      `${real ? "Real repositories" : "A made repository"}: ${names}${skipped.length === 0 ? "" : ` (skipped: ${skipped.map(({ mirror, error }) => `${mirror}, ${error?.code}`).join("; ")})`}`,
      `Fetched from upstream: ${sum((one) => one.requests)} requests, ${formatBytes(sum((one) => one.fetchedBytes))}`,
      "Every byte proven from the vendor's key, kept as a snapshot, verified again offline, promoted, served",
      byApt
        ? `The real apt-get, without one warning, installed ${installed.name} ${installed.version} through Sluice into an empty root`
        : `${installed.name} ${installed.version} came through Sluice byte for byte (no apt-get here to install it)`,
      `Carried across a gap in ${formatCount(carried.files, "file")}, ${formatBytes(carried.bytes)}; ${carried.isolated ? "without a network interface, " : ""}imported, proven again, and ${byApt ? "installed by apt-get" : "compared"} there: ${carried.installed.name} ${carried.installed.version}`,
      `${seconds.toFixed(1)} seconds in all`,
    ].join("\n"),
  );
}
