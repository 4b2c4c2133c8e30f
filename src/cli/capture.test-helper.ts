import { Readable, Writable } from "node:stream";
import type { Io, OutStream } from "./io.ts";

export interface Captured extends Io {
  stdout(): string;
  stderr(): string;
  /** Moves the clock. */
  tick(ms: number): void;
}

/** An Io that keeps what is written; no terminal unless asked. */
export function captureIo(
  options: { tty?: boolean; answer?: string; env?: NodeJS.ProcessEnv } = {},
): Captured {
  const texts = { out: "", err: "" };
  let time = 0;
  const stream = (key: "out" | "err"): OutStream =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          texts[key] += String(chunk);
          done();
        },
      }),
      { isTTY: options.tty === true, columns: 60 },
    );
  const input = Readable.from(options.answer === undefined ? [] : [options.answer]);
  return {
    out: stream("out"),
    err: stream("err"),
    input: Object.assign(input, { isTTY: options.tty === true }),
    env: options.env ?? {},
    now: () => time,
    stdout: () => texts.out,
    stderr: () => texts.err,
    tick: (ms) => void (time += ms),
  };
}
