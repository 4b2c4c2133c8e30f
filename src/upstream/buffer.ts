import { setTimeout } from "node:timers/promises";
import { SluiceError } from "../base/errors.ts";
import { giveUp } from "./body.ts";
import { fileName } from "./file-name.ts";
import type { FetchReply, FetchRequest, Transport, Validators } from "./contract.ts";

export type BytesReply =
  | { readonly status: "ok"; readonly bytes: Buffer; readonly validators: Validators }
  | { readonly status: "unchanged" }
  | { readonly status: "absent" };

/** Times that a file is begun; the transport itself asks again where there was no answer at all. */
const TRIES = 3;
const PAUSE_MS = 250;

/**
 * A small file in memory, such as a root; asked again from the start where its body breaks off. Throws
 * `too_large` past `maxSize` bytes, and what the source throws.
 */
export async function fetchBytes(
  source: Transport,
  request: Omit<FetchRequest, "offset">,
  maxSize: number,
): Promise<BytesReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await source.fetch(request);
    if (reply.status !== "ok") return reply;
    try {
      const bytes = await collect(reply, maxSize, fileName(source, request.from));
      return { status: "ok", bytes, validators: reply.validators };
    } catch (error) {
      request.signal?.throwIfAborted();
      const broken = error instanceof SluiceError && error.code === "upstream_unreachable";
      if (!broken || attempt === TRIES) throw error;
      await setTimeout(PAUSE_MS * attempt, undefined, request.signal ? { signal: request.signal } : {});
    }
  }
}

async function collect(
  reply: Extract<FetchReply, { status: "ok" }>,
  maxSize: number,
  name: string,
): Promise<Buffer> {
  const tooLarge = () =>
    new SluiceError("too_large", `${name} is larger than the ${String(maxSize)} bytes allowed: refused.`);
  if ((reply.length ?? 0) > maxSize) {
    await giveUp(reply.body);
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an error gives the rest of the body up.
  for await (const chunk of reply.body) {
    size += chunk.length;
    if (size > maxSize) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
