import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installClients } from "../../scripts/clients.ts";
import { FAULTS } from "./faults.ts";
import { closeStages } from "./stage.ts";
import { machine, renewed, table } from "./table.ts";
import type { Row } from "./table.ts";
import { WORLDS } from "./worlds.ts";

// npm run faults [-- --quick] [--write] [PATTERN…]     faults whose `ecosystem: name` holds one of the patterns; all without
// --write renews the lines of the table that were tried, and leaves the others.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const PAGE = join(import.meta.dirname, "../../docs/reliability.md");
const MARKS = ["<!-- faults: begin -->\n", "<!-- faults: end -->"] as const;

installClients();
const rows: Row[] = [];
const all = WORLDS.flatMap((kind, nth) =>
  FAULTS.filter(({ engine }) => engine !== true || nth === 0).map((fault) => ({ kind, fault })),
);
for (const { kind, fault } of all) {
  const label = `${kind.ecosystem}: ${fault.name}`;
  if (positionals.length > 0 && !positionals.some((pattern) => label.includes(pattern))) continue;
  const began = performance.now();
  const outcome = await tried(kind, fault);
  const seconds = (performance.now() - began) / 1000;
  const { name, promise } = fault;
  rows.push({ ecosystem: kind.ecosystem, fault: name, promise, seconds, outcome });
  process.stderr.write(
    `${label}: ${"failed" in outcome ? outcome.failed : JSON.stringify(outcome)} (${seconds.toFixed(0)} s)\n`,
  );
}
await closeStages();

const text = table(rows, new Date().toISOString().slice(0, 10));
process.stdout.write(text);
if (values.write) await write(text);
process.exitCode = rows.length === 0 || rows.some(({ outcome }) => "failed" in outcome) ? 1 : 0;

async function tried(kind: (typeof WORLDS)[number], fault: (typeof FAULTS)[number]): Promise<Row["outcome"]> {
  const skipped = kind.skip === false ? fault.skip : kind.skip;
  if (skipped !== false) return { skipped };
  try {
    return await fault.run(kind, values.quick ? fault.quick : fault.long);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

async function write(found: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [head, rest] = page.split(MARKS[0]);
  const [old, tail] = rest?.split(MARKS[1]) ?? [];
  if (head === undefined || old === undefined || tail === undefined)
    throw new Error(`${PAGE} has no marks for the table`);
  const order = all.map(({ kind, fault }) => `${kind.ecosystem} | ${fault.name}`);
  const lines = renewed(old, found, order);
  await writeFile(PAGE, `${head}${MARKS[0]}\nOn ${machine()}:\n\n${lines}\n${MARKS[1]}${tail}`);
}
