import type { TargetKind } from "./target.ts";

/** What one run may take. */
export interface Limits {
  /** Processor time, measured where the run ends. */
  readonly cpuMs: number;
  /** After which a run that has not ended hangs. */
  readonly hangMs: number;
  readonly heapMb: number;
}

export const LIMITS: Limits = { cpuMs: 1000, hangMs: 20_000, heapMb: 256 };

/** What one thread is to do with one target. */
export interface Job {
  readonly target: Pick<TargetKind, "name" | "file" | "aims">;
  /** The same seed makes the same inputs. */
  readonly seed: number;
  /** Runs of mutated inputs at most; those that are kept are run besides. */
  readonly executions: number;
  /** Seconds after which it ends, whatever is left. */
  readonly seconds: number;
  /** Inputs that reach new code are mutated further. */
  readonly guided: boolean;
  /** Inputs to run first, beside the seeds. */
  readonly inputs: readonly Uint8Array[];
  readonly limits?: Partial<Limits>;
}

/** What a thread says at its end. */
export interface Report {
  readonly executions: number;
  readonly taken: number;
  readonly refused: number;
  /** Functions and branches of what the target aims at; 0 where it was not guided. */
  readonly covered: number;
  readonly known: number;
  /** `file:offset` */
  readonly missed: readonly string[];
  /** Inputs that reached what the seeds, and those before, had not. */
  readonly reaching: readonly Uint8Array[];
}

export type Message =
  | { readonly type: "finding"; readonly fault: string; readonly stack: string; readonly input: Uint8Array }
  | { readonly type: "report"; readonly report: Report };

/** Shared with the watchdog: which run is under way, and its input. */
export interface Shared {
  /** Runs begun so far, and bytes of the input. */
  readonly control: Int32Array;
  readonly input: Uint8Array;
}

export const MAX_INPUT = 4 * 1024 * 1024;
