import type { Fault } from "./fault.ts";
import { killed } from "./killed.ts";
import { order } from "./order.ts";
import { power } from "./power.ts";
import { upstream } from "./upstream.ts";

/** All faults, in the order of the table. */
export const FAULTS: readonly Fault[] = [...upstream, ...killed, ...power, ...order];
