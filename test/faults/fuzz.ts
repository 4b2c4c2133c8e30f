import { readCorpus } from "../fuzz/corpus.ts";
import { fuzz } from "../fuzz/fuzz.ts";
import { TARGETS } from "../fuzz/targets.ts";
import type { TargetKind } from "../fuzz/target.ts";
import type { Fault, Outcome } from "./fault.ts";

const HOUR = 3600;

function fuzzing(target: TargetKind): Fault {
  const { name, long } = target;
  return {
    name: `fuzz: ${name}`,
    promise:
      "any bytes are taken, or refused by name: no other error, no second of work, no memory past a bound",
    engine: true,
    quick: 2000,
    long,
    skip: false,
    async run(_kind, amount): Promise<Outcome> {
      const seed = Date.now() % 2 ** 31;
      const inputs = await readCorpus(name);
      const job = { target, seed, executions: amount, seconds: HOUR, guided: true, inputs };
      const { executions, taken, refused, covered, known, findings } = await fuzz(job);
      const [finding] = findings;
      if (finding !== undefined) {
        const input = finding.input.toString("base64").slice(0, 1000);
        throw new Error(
          `${finding.fault}; ${findings.length} findings, seed ${seed}, input in base64: ${input}`,
        );
      }
      const outcomes = { taken, refused, [`of ${known} blocks reached`]: covered };
      return { tried: executions, outcomes };
    },
  };
}

/** Hostile bytes for each reader of foreign bytes, whatever the ecosystem. */
export const fuzzed: readonly Fault[] = TARGETS.map(fuzzing);
