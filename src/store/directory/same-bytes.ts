import { open } from "node:fs/promises";
import { isErrno } from "./files.ts";

const CHUNK = 256 * 1024;

/** True where both files are there, can be read and hold the same bytes. */
export async function haveSameBytes(one: string, other: string): Promise<boolean> {
  try {
    await using a = await open(one, "r");
    await using b = await open(other, "r");
    if ((await a.stat()).size !== (await b.stat()).size) return false;
    const [left, right] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
    for (let at = 0; ;) {
      const { bytesRead } = await a.read(left, 0, CHUNK, at);
      if (bytesRead === 0) return true;
      // As many bytes of the other, however many each call gives.
      for (let got = 0; got < bytesRead;) {
        const more = await b.read(right, got, bytesRead - got, at + got);
        if (more.bytesRead === 0) return false;
        got += more.bytesRead;
      }
      if (left.compare(right, 0, bytesRead, 0, bytesRead) !== 0) return false;
      at += bytesRead;
    }
  } catch (error) {
    if (isErrno(error, "ENOENT", "EIO")) return false;
    throw error;
  }
}
