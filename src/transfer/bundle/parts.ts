import { createHash } from "node:crypto";
import { lstat, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { SluiceError } from "../../base/errors.ts";
import { USTAR_END, ustarHeader, ustarPadding } from "../../formats/ustar.ts";
import type { ReadStore } from "../../store/contract.ts";
import { openFresh } from "./durable.ts";
import type { BundlePart } from "./layout.ts";
import type { Member, PartPlan } from "./plan.ts";

/** Where the content of members comes from, and the time (seconds) that all of them bear. */
export interface PartSource {
  readonly store: ReadStore;
  readonly texts: ReadonlyMap<string, Buffer>;
  readonly mtime: number;
  readonly signal: AbortSignal;
  onMember(bytes: number): void;
}

const BUFFER = 1024 * 1024;
// Larger members are streamed past the buffer.
const SMALL = 256 * 1024;

/** Writes one part into a folder, under the name that its content gives it; durable when it returns. Without a folder it only finds out its name. */
export async function writePart(
  folder: string | undefined,
  n: number,
  plan: PartPlan,
  source: PartSource,
): Promise<BundlePart> {
  const temporary = join(folder ?? "", `part-${String(n).padStart(4, "0")}.partial`);
  const hash = createHash("sha256");
  let size = 0;
  {
    await using file = folder === undefined ? undefined : await openFresh(temporary);
    const out = buffered(file, (chunk) => {
      hash.update(chunk);
      size += chunk.length;
    });
    for (const member of plan.members) {
      source.signal.throwIfAborted();
      await out.write(ustarHeader(member.name, member.size, source.mtime));
      await writeMember(member, source, out.write);
      await out.write(ustarPadding(member.size));
      source.onMember(member.size);
    }
    await out.write(USTAR_END);
    await out.flush();
    await file?.sync();
  }
  if (size !== plan.size)
    throw new SluiceError("internal", `Part ${n} has ${size} bytes, not the ${plan.size} that were planned.`);
  const sha256 = hash.digest("hex");
  const name = `${sha256.slice(0, 32)}.tar`;
  if (folder !== undefined) await rename(temporary, join(folder, name));
  return { n, name, size, sha256 };
}

async function writeMember({ item, start, size }: Member, source: PartSource, write: Write): Promise<void> {
  const text = source.texts.get(item.name);
  if (text !== undefined) return write(text.subarray(start, start + size));
  const sha256 = item.sha256 ?? "";
  if (size === 0) return;
  if (item.size <= SMALL) return write((await source.store.readBlob(sha256)).subarray(start, start + size));
  let sent = 0;
  const hash = size === item.size ? createHash("sha256") : undefined;
  for await (const chunk of await source.store.openBlob(sha256, { start, end: start + size - 1 })) {
    sent += (chunk as Uint8Array).length;
    hash?.update(chunk as Uint8Array);
    await write(chunk as Uint8Array);
  }
  if (sent !== size || (hash !== undefined && hash.digest("hex") !== sha256))
    throw new SluiceError(
      "blob_corrupt",
      `The blob ${sha256} has changed in the store: run \`sluice verify\`, then \`sluice sync\`.`,
    );
}

type Write = (bytes: Uint8Array) => Promise<void>;

/** Gathers small writes into large ones. */
function buffered(
  file: FileHandle | undefined,
  seen: (chunk: Uint8Array) => void,
): { write: Write; flush(): Promise<void> } {
  const buffer = Buffer.allocUnsafe(BUFFER);
  let held = 0;
  const send = async (bytes: Uint8Array): Promise<void> => {
    if (file === undefined) return;
    for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
  };
  const flush = async (): Promise<void> => {
    if (held > 0) await send(buffer.subarray(0, held));
    held = 0;
  };
  return {
    flush,
    async write(bytes) {
      seen(bytes);
      if (held + bytes.length > BUFFER) await flush();
      if (bytes.length >= BUFFER) return send(bytes);
      buffer.set(bytes, held);
      held += bytes.length;
    },
  };
}

/** True where the part is in the folder with its size: of a run that was stopped after it. */
export async function isWritten(folder: string, part: BundlePart, plan: PartPlan): Promise<boolean> {
  const found = await lstat(join(folder, part.name)).catch(() => undefined);
  return found?.isFile() === true && found.size === plan.size && part.size === plan.size;
}
