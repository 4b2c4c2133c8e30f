import { diskState } from "./disk-state.ts";
import { diskSteps } from "./disk-steps.ts";
import { DURABLE_AT_END, RULES } from "./order-rules.ts";
import type { Call } from "./strace-log.ts";

/** A rule that a log breaks, and the line that does. */
export interface Breach {
  readonly rule: string;
  readonly line: number;
  readonly what: string;
}

/** Holds a log of one command that ended well against all rules. `deletes`: it is the command that may delete blobs. */
export function breaches(calls: readonly Call[], data: string, deletes = false): Breach[] {
  const state = diskState();
  const run = { data, deletes, state };
  const watched = RULES.map((rule) => ({ rule: rule.name, breaks: rule.watch(run) }));
  const found: Breach[] = [];
  const steps = diskSteps(calls).toSorted((a, b) => a.call.ended - b.call.ended);
  for (const step of steps) {
    const { kind, path, call } = step;
    for (const { rule, breaks } of watched)
      if (breaks(step)) found.push({ rule, line: call.began + 1, what: `${kind} ${path}` });
    state.apply(step);
  }
  const end = Math.max(0, ...calls.map(({ began }) => began)) + 1;
  for (const path of state.made()) {
    const isKept = path.startsWith(`${data}/`) && DURABLE_AT_END.paths.test(path.slice(data.length + 1));
    if (isKept && !state.isDurable(path, end))
      found.push({ rule: DURABLE_AT_END.name, line: end, what: path });
  }
  return found;
}
