import { Worker } from "node:worker_threads";
import { SluiceError, type ErrorCode } from "../../base/errors.ts";
import type { BlobInfo, Expectation } from "../contract.ts";
import type { Place } from "./layout.ts";
import { SMALL } from "./put.ts";
import type { WriteBatch, WriteOrder, WriteReply, WriteResult } from "./write-protocol.ts";

/** Small files on their way to a thread that checks and writes them: to create files takes longer than to fetch them. */
export interface WriteQueue {
  /** Resolves when the blob is in place. */
  put(bytes: Uint8Array, expect: Expectation): Promise<BlobInfo>;
  /** Ends the thread; what is still on its way is not waited for. */
  close(): Promise<void>;
}

type Put = (bytes: Uint8Array, expect: Expectation) => Promise<BlobInfo>;

interface Waiter {
  readonly bytes: Uint8Array;
  readonly expect: Expectation;
  readonly resolve: (blob: BlobInfo | Promise<BlobInfo>) => void;
  readonly reject: (error: Error) => void;
}

interface Batch {
  readonly memory: Uint8Array<ArrayBuffer>;
  size: number;
  readonly orders: WriteOrder[];
  readonly waiters: Waiter[];
}

/** Memory that goes to and fro; while all of it is away, puts wait. */
const BATCH_BYTES = 4 * SMALL;
const BATCHES = 4;

/** `instead` puts what the thread cannot, should it fail. */
export function openWriteQueue(place: Place, instead: Put): WriteQueue {
  const free = Array.from({ length: BATCHES }, () => new ArrayBuffer(BATCH_BYTES));
  const away: Batch[] = [];
  const waiting: Waiter[] = [];
  let filling: Batch | undefined;
  let isDue = false;
  let isOver = false;
  const thread = new Worker(new URL("./write-thread.ts", import.meta.url), {
    workerData: place.at.root,
    // It holds nothing for long.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  thread.on("message", ({ bytes, results }: WriteReply) => {
    free.push(bytes);
    const { waiters = [] } = away.shift() ?? {};
    for (const [at, waiter] of waiters.entries()) settle(waiter, results[at]);
    while (waiting[0] !== undefined && enqueue(waiting[0])) waiting.shift();
  });
  thread.on("error", fail);
  thread.on("exit", fail);

  // Whatever it did, to put the same blob again is harmless.
  function fail(): void {
    isOver = true;
    const left = [...away, ...(filling === undefined ? [] : [filling])].flatMap((batch) => batch.waiters);
    away.length = 0;
    filling = undefined;
    for (const { bytes, expect, resolve } of [...left, ...waiting.splice(0)]) resolve(instead(bytes, expect));
  }

  function enqueue(waiter: Waiter): boolean {
    const { bytes, expect } = waiter;
    if (filling !== undefined && filling.size + bytes.length > BATCH_BYTES) send();
    filling ??= newBatch();
    if (filling === undefined) return false;
    filling.memory.set(bytes, filling.size);
    filling.size += bytes.length;
    filling.orders.push({ size: bytes.length, expect, temp: place.temp("new") });
    filling.waiters.push(waiter);
    if (!isDue) {
      isDue = true;
      setImmediate(() => {
        isDue = false;
        send();
      });
    }
    return true;
  }

  function newBatch(): Batch | undefined {
    const memory = free.pop();
    return memory && { memory: new Uint8Array(memory), size: 0, orders: [], waiters: [] };
  }

  function send(): void {
    if (filling === undefined) return;
    const { memory, orders } = filling;
    away.push(filling);
    filling = undefined;
    thread.postMessage({ bytes: memory.buffer, orders } satisfies WriteBatch, [memory.buffer]);
  }

  return {
    async put(bytes, expect) {
      if (isOver) return await instead(bytes, expect);
      return await new Promise<BlobInfo>((resolve, reject) => {
        const waiter = { bytes, expect, resolve, reject };
        if (waiting.length > 0 || !enqueue(waiter)) waiting.push(waiter);
      });
    },
    async close() {
      thread.removeAllListeners();
      await thread.terminate();
    },
  };
}

function settle({ resolve, reject }: Waiter, result: WriteResult | undefined): void {
  if (result === undefined) reject(new Error("a file was lost on its way to the disk"));
  else if ("blob" in result) resolve(result.blob);
  else if (result.kind === "sluice") reject(new SluiceError(result.code as ErrorCode, result.message));
  else reject(Object.assign(new Error(result.message), { code: result.code }));
}
