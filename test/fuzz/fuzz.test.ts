import { fail, ok } from "node:assert/strict";
import { after, test } from "node:test";
import { readCorpus } from "./corpus.ts";
import { fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

/** The same inputs again: FUZZ_SEED=… npm test -- test/fuzz */
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** Fresh inputs of one target; fewer for slow ones. */
const MOST_FRESH = 300;

after(() => process.stdout.write(`FUZZ_SEED=${seed}\n`));

for (const target of TARGETS) {
  const { name, long } = target;
  const executions = Math.min(MOST_FRESH, long / 200);
  test(`${name}: the kept inputs, and ${executions} fresh ones`, async () => {
    const inputs = await readCorpus(name);
    const job = { target, seed, executions, seconds: 1, guided: false, inputs };
    const { findings, taken } = await fuzz(job);
    const [finding] = findings;
    if (finding !== undefined)
      fail(
        `${finding.fault}\nFUZZ_SEED=${seed}, input in base64: ${finding.input.toString("base64").slice(0, 4000)}\n${finding.stack}`,
      );
    ok(taken > 0, "what is good is taken");
  });
}
