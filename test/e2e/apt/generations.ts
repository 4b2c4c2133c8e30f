import { newestApt } from "../../clients/chroot.ts";
import { skipApt } from "./lab.ts";

/** An apt to run the scenarios with; `skip` says why there is none. */
export interface Generation {
  readonly name: string;
  readonly system: string | undefined;
  readonly skip: string | false;
}

const newest = skipApt === false ? await newestApt() : { skip: skipApt };

/** This host's apt, and the newest that there is. */
export const GENERATIONS: readonly [host: Generation, newest: Generation] = [
  { name: "this host's apt", system: undefined, skip: skipApt },
  "system" in newest
    ? { name: "the newest apt", system: newest.system, skip: false }
    : { name: "the newest apt", system: undefined, skip: newest.skip },
];
