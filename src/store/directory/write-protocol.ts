import type { BlobInfo, Expectation } from "../contract.ts";

/** Files for the thread that writes: their bytes one after the other, and what each is to be. */
export interface WriteBatch {
  readonly bytes: ArrayBuffer;
  readonly orders: readonly WriteOrder[];
}

export interface WriteOrder {
  readonly size: number;
  readonly expect: Expectation;
  /** The name to write it under first; nobody else has it. */
  readonly temp: string;
}

/** What became of a batch, file by file; the memory comes back with it. */
export interface WriteReply {
  readonly bytes: ArrayBuffer;
  readonly results: readonly WriteResult[];
}

/** An error loses its code on the way between threads. */
export type WriteResult =
  | { readonly blob: BlobInfo }
  | {
      readonly kind: "sluice" | "system";
      readonly code: string | undefined;
      readonly message: string;
    };
