import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { SluiceError } from "../../base/errors.ts";

/** How the files with parity are called; the figure is the loss in percent that they make good. */
export const PARITY = /^parity-(\d{1,3})(?:\.vol\d+\+\d+)?\.par2$/;

/** Runs `par2`; gives its exit status and the end of what it said. Throws program_missing. */
export async function par2(
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<{ status: number; said: string }> {
  const child = spawn("par2", args, { cwd, stdio: ["ignore", "pipe", "pipe"], signal });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (error.code === "ENOENT") reject(missing());
      else reject(error);
    });
    child.once("close", (code) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ status: code ?? 1, said });
    });
  });
}

function missing(): SluiceError {
  return new SluiceError(
    "program_missing",
    "Parity is made and used by the program par2, which is not installed here: on Debian, `apt install par2`.",
  );
}

const DESCRIPTION = Buffer.from("PAR 2.0\0FileDesc", "latin1");
const UNICODE = Buffer.from("PAR 2.0\0UniFileN", "latin1");
// The type stands at 48 in a packet, its length at 8, the name at 120; "Parity Volume Set Specification 2.0".
const LENGTH_BEFORE = 40;
const NAME_BEHIND = 72;
const FIXED = 120;
const LONGEST_NAME = 256;

/**
 * True where every file that a file with parity speaks of has a plain name, and so par2 writes nothing outside of its folder. Packets are looked for at any place, since par2
 * finds them behind damage too.
 */
export async function hasPlainNames(path: string): Promise<boolean> {
  let held = Buffer.alloc(0);
  const reach = NAME_BEHIND + LONGEST_NAME;
  const isPlain = (until: number): boolean => {
    if (held.subarray(0, until + UNICODE.length).includes(UNICODE)) return false;
    for (let at = held.indexOf(DESCRIPTION); at >= 0 && at < until; at = held.indexOf(DESCRIPTION, at + 1))
      if (!isPlainName(held, at)) return false;
    return true;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 2 ** 20 }) as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk]);
    if (held.length < 2 * reach) continue;
    if (!isPlain(held.length - reach)) return false;
    held = held.subarray(held.length - reach - LENGTH_BEFORE);
  }
  return isPlain(held.length);
}

function isPlainName(bytes: Buffer, at: number): boolean {
  if (at < LENGTH_BEFORE) return true;
  const length = Number(bytes.readBigUInt64LE(at - LENGTH_BEFORE)) - FIXED;
  if (length <= 0 || length > LONGEST_NAME) return false;
  const name = bytes.toString("latin1", at + NAME_BEHIND, at + NAME_BEHIND + length).replace(/\0+$/, "");
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
}
