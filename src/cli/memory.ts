import { setFlagsFromString } from "node:v8";

/**
 * For commands that read whole indices and are done: the old part of the heap grows by half, where by itself V8 lets it grow to several times what is alive, between
 * two collections. (`--optimize-for-size` saves more memory, at three times the processor time.) Looked at when memory is collected, so that it may be set at any
 * time; the young part is bounded in bin/sluice, since that must be known at the start.
 */
export function favourMemory(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
