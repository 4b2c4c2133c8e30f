import type { Fault } from "./fault.ts";

/** All faults, in the order of the table. */
export const FAULTS: readonly Fault[] = [];
