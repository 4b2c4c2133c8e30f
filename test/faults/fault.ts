import { after, suite, test } from "node:test";
import { ok } from "node:assert/strict";
import { closeStages } from "./stage.ts";
import { WORLDS } from "./worlds.ts";
import type { WorldKind } from "./world.ts";

/** What became of a number of tries: how often each outcome was met. All of them are good ones: a bad one throws. */
export interface Outcome {
  readonly tried: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** One way to hurt a site: `npm test` runs its quick amount, `npm run faults` the long one. */
export interface Fault {
  /** As a row of the table: `killed: sync`. */
  readonly name: string;
  /** The promise that it tries to break, one sentence. */
  readonly promise: string;
  readonly quick: number;
  readonly long: number;
  /** What it strikes is the engine's alone: it is tried with the first world only. */
  readonly engine?: true;
  /** Why it cannot be tried here, or false. */
  readonly skip: string | false;
  /** Tries it `amount` times, at points spread evenly over what may be hit. */
  run(kind: WorldKind, amount: number): Promise<Outcome>;
}

/** Faults whose quick part every ecosystem tries; the first one tries all, and `npm run faults` all with each. */
const EVERYWHERE = /^(killed|upstream: changed)/;

/** The quick part of some faults. */
export function testFaults(title: string, faults: readonly Fault[]): void {
  for (const [nth, kind] of WORLDS.entries()) {
    // Most of what can go wrong is the engine's: the first world tries it in full.
    const share = nth === 0 ? 1 : 0.25;
    suite(`${title}: ${kind.ecosystem}`, { skip: kind.skip }, () => {
      after(closeStages);
      for (const fault of faults) {
        if (nth > 0 && (fault.engine === true || !EVERYWHERE.test(fault.name))) continue;
        test(`${fault.name}: ${fault.promise}`, { skip: fault.skip }, async () => {
          const amount = Math.ceil(fault.quick * share);
          const { tried } = await fault.run(kind, amount);
          ok(tried >= amount, `${tried} of ${amount} tries were made`);
        });
      }
    });
  }
}

/** `count` whole numbers from 1 to `last`, evenly spread, first and last among them; each once. */
export function spread(count: number, last: number): number[] {
  if (count >= last) return Array.from({ length: last }, (_, at) => at + 1);
  const step = count > 1 ? (last - 1) / (count - 1) : 0;
  return Array.from({ length: count }, (_, at) => Math.round(1 + at * step));
}
