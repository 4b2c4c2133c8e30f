import { bundle } from "./bundle.ts";
import { clock } from "./clock.ts";
import { crowd } from "./crowd.ts";
import { disk } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { killed } from "./killed.ts";
import { order } from "./order.ts";
import { power } from "./power.ts";
import { rot } from "./rot.ts";
import { upstream } from "./upstream.ts";
import { wrongSize } from "./wrong-size.ts";

/** All faults, in the order of the table. */
export const FAULTS: readonly Fault[] = [
  ...upstream,
  ...disk,
  ...killed,
  ...power,
  ...order,
  ...rot,
  ...wrongSize,
  ...crowd,
  ...clock,
  ...bundle,
];
