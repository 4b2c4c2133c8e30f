import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { keepInput, readCorpus, writeCorpus } from "./corpus.ts";
import { fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";
import type { TargetKind } from "./target.ts";

// npm run fuzz [-- TARGET…] [--seconds N | --executions N] [--seed N] [--keep]    mutates, guided by coverage; --keep: what reaches more joins the corpus
// npm run fuzz -- TARGET --input FILE…                                            runs these inputs alone
// npm run fuzz -- TARGET --missed                                                 says what of the sources it never reached
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "20" },
    executions: { type: "string", default: "1000000000" },
    seed: { type: "string" },
    input: { type: "string", multiple: true },
    keep: { type: "boolean", default: false },
    missed: { type: "boolean", default: false },
  },
});
const ROOT = join(import.meta.dirname, "../..");
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
/** Inputs that are kept for one target. */
const MOST_KEPT = 18;

let failed = false;
for (const target of TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)))
  await one(target);
process.exitCode = failed ? 1 : 0;

async function one(target: TargetKind): Promise<void> {
  const { name } = target;
  const inputs =
    values.input === undefined
      ? await readCorpus(name)
      : await Promise.all(values.input.map(async (path) => readFile(path)));
  const executions = values.input === undefined ? Number(values.executions) : 0;
  const done = await fuzz({
    target,
    seed,
    executions,
    seconds: Number(values.seconds),
    guided: true,
    inputs,
  });
  const { taken, refused, covered, known, findings, missed } = done;
  process.stdout.write(
    `${name}: seed ${seed}, ${done.executions} runs, ${taken} taken, ${refused} refused, ${covered} of ${known} blocks, ${findings.length} findings\n`,
  );
  for (const { fault, stack, input } of findings) {
    failed = true;
    const path = await keepInput(join(ROOT, "tmp/fuzz", name), input);
    process.stdout.write(
      `  ${fault}\n  npm run fuzz -- ${name} --input ${relative(ROOT, path)}\n${stack.split("\n").slice(1, 7).join("\n")}\n`,
    );
  }
  if (values.missed) for (const place of missed) process.stdout.write(`  ${await lineOf(place)}\n`);
  if (values.keep) await keep(target, [...inputs, ...done.reaching]);
}

/** Of all these, few and short ones that reach as much. */
async function keep(target: TargetKind, all: readonly Uint8Array[]): Promise<void> {
  const inputs = all.filter(({ length }) => length <= 4096).toSorted((a, b) => a.length - b.length);
  const { reaching } = await fuzz({ target, seed, executions: 0, seconds: 60, guided: true, inputs });
  await writeCorpus(target.name, reaching.slice(-MOST_KEPT));
}

async function lineOf(place: string): Promise<string> {
  const [, url = "", offset] = /^(.*):(\d+)$/.exec(place) ?? [];
  const text = await readFile(new URL(url), "utf8");
  const before = text.slice(0, Number(offset)).split("\n");
  return `${relative(ROOT, new URL(url).pathname)}:${before.length}: ${text.split("\n")[before.length - 1]?.trim() ?? ""}`;
}
