import { disk } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { fuzzed } from "./fuzz.ts";
import { killed } from "./killed.ts";
import { order } from "./order.ts";
import { power } from "./power.ts";
import { upstream } from "./upstream.ts";

/** All faults, in the order of the table. */
export const FAULTS: readonly Fault[] = [...upstream, ...disk, ...killed, ...power, ...order, ...fuzzed];
