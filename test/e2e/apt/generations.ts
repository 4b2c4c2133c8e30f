import type { TestContext } from "node:test";
import { newestApt } from "../../clients/chroot.ts";
import type { AptSystemKind } from "../../clients/chroot.ts";
import { skipApt } from "./lab.ts";

/** An apt to run the scenarios with; `skip` says why there is none. */
export interface Generation {
  readonly name: string;
  readonly system: string | undefined;
  readonly skip: string | false;
}

export type Generations = readonly [host: Generation, newest: Generation];

/** This host's apt, and the newest that there is. */
export const GENERATIONS: Generations = await generations("minimal");

/** As GENERATIONS, the newest in a system of this kind. */
export async function generations(kind: AptSystemKind): Promise<Generations> {
  const newest = skipApt === false ? await newestApt(kind) : { skip: skipApt };
  return [
    { name: "this host's apt", system: undefined, skip: skipApt },
    "system" in newest
      ? { name: "the newest apt", system: newest.system, skip: false }
      : { name: "the newest apt", system: undefined, skip: newest.skip },
  ];
}

const EVERY = process.env["SLUICE_EVERY_APT"] === "1";

/**
 * The apts that a scenario of this name is run with: one, by the name, so that each has half of the scenarios; both with SLUICE_EVERY_APT=1, and where the newest is
 * missing, so that it shows.
 */
export function aptsFor(name: string, generations: Generations): readonly Generation[] {
  const [host, newest] = generations;
  if (EVERY || host.skip !== false || newest.skip !== false) return generations;
  const sum = [...Buffer.from(name)].reduce((total, byte) => total + byte, 0);
  return [sum % 2 === 0 ? host : newest];
}

/** The client's half of a test, as a test of its own with each apt that is its turn: what was synced and served before is the same for both. */
export async function withEachApt(
  t: TestContext,
  aptGenerations: Generations,
  body: (generation: Generation) => Promise<void>,
): Promise<void> {
  for (const generation of aptsFor(t.name, aptGenerations))
    await t.test(`${t.name}, with ${generation.name}`, { skip: generation.skip }, async () => {
      await body(generation);
    });
}
