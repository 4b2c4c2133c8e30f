import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import { foreign } from "../store/http/protocol.ts";
import type { Web } from "../store/http/open.ts";
import type { Transport } from "../upstream/contract.ts";
import { download, type Sink } from "../upstream/download.ts";

/** Another site by the transport to its URL; what breaks off is continued. */
export function siteWeb(transport: Transport, signal: AbortSignal, emit: Emit): Web {
  return {
    async read(path, maxSize, { fresh } = {}) {
      const sink = memorySink(maxSize);
      const { status } = await download([transport], path, sink, { maxSize, signal, emit, fresh });
      return status === "absent" ? undefined : sink.bytes();
    },
    async open(path, offset) {
      const reply = await transport.fetch({ from: path, offset, signal });
      if (reply.status !== "ok") return undefined;
      const { body, start, length } = reply;
      if (length !== undefined && start === offset) return { body, length };
      await body[Symbol.asyncIterator]().return?.();
      throw foreign(length === undefined ? "it does not say how long a file is" : "it knows no ranges");
    },
  };
}

function memorySink(maxSize: number): Sink & { bytes(): Buffer } {
  let chunks: Uint8Array[] = [];
  let have = 0;
  return {
    get have() {
      return have;
    },
    async append(body) {
      for await (const chunk of body) {
        have += chunk.length;
        chunks.push(chunk);
        if (have > maxSize)
          throw new SluiceError("too_large", `A file has more than the ${maxSize} bytes allowed: refused.`);
      }
    },
    async reset() {
      chunks = [];
      have = 0;
    },
    bytes: () => Buffer.concat(chunks),
  };
}
