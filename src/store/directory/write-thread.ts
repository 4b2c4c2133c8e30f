// The thread that checks and writes small files, started by write-queue.ts.
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import { SluiceError } from "../../base/errors.ts";
import { tallyOf } from "../checks.ts";
import { placeAt } from "./layout.ts";
import { isSound, writeBlob } from "./put.ts";
import type { WriteBatch, WriteOrder, WriteReply, WriteResult } from "./write-protocol.ts";

const place = placeAt(workerData as string, systemClock);

async function write(bytes: Uint8Array, { expect, temp }: WriteOrder): Promise<WriteResult> {
  try {
    const blob = tallyOf(bytes, expect);
    if (!(await isSound(place, blob.sha256, bytes))) await writeBlob(place, blob.sha256, bytes, temp);
    return { blob };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof SluiceError) return { kind: "sluice", code: error.code, message };
    return { kind: "system", code: (error as NodeJS.ErrnoException).code, message };
  }
}

let turn: Promise<void> = Promise.resolve();

parentPort?.on("message", ({ bytes, orders }: WriteBatch) => {
  turn = turn.then(async () => {
    const results: WriteResult[] = [];
    let at = 0;
    for (const order of orders) {
      results.push(await write(new Uint8Array(bytes, at, order.size), order));
      at += order.size;
    }
    parentPort?.postMessage({ bytes, results } satisfies WriteReply, [bytes]);
  });
});
