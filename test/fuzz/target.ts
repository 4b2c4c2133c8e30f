/** One parser of foreign bytes, as the fuzzer sees it. */
export interface Target {
  /** What good input looks like: mutation begins there. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Words of the grammar. */
  readonly words: readonly string[];
  /** JSON in it is mutated as such: the input is one value, or a value a line. */
  readonly json?: "whole" | "lines" | undefined;
  /** Bytes of the longest input; 64 KiB by default. */
  readonly maxBytes?: number | undefined;
  /** What one run may take beside the heap (buffers, WebAssembly), in MiB; 96 by default. */
  readonly memoryMb?: number | undefined;
  /** Gives anything, or throws a SluiceError: every other error is a finding, and so is what takes a second of processor time. */
  run(input: Buffer): unknown;
}

/** A file of test/fuzz/targets, as it is imported. */
export interface TargetFile {
  open(): Promise<Target>;
}

export interface TargetKind {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** URL of the file that has it: it exports `open`, as TargetFile says. */
  readonly file: string;
  /** What it aims at, below src/. */
  readonly aims: readonly string[];
  /** Runs of the long row of the fault table; fewer for slow ones. */
  readonly long: number;
}

/** Something that must not be. */
export interface Finding {
  readonly target: string;
  /** What happened, in one line. */
  readonly fault: string;
  readonly stack: string;
  readonly input: Buffer;
}
