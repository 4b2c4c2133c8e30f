import { aptWorld } from "./apt-world.ts";
import { rpmWorld } from "./rpm-world.ts";
import type { WorldKind } from "./world.ts";

/** Every ecosystem that runs through the harness. */
export const WORLDS: readonly WorldKind[] = [aptWorld, rpmWorld];
