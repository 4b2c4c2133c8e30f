import type { OutStream } from "./io.ts";

/** Lines at the bottom of a terminal, one a mirror, with lasting lines above them. On other streams there are only lasting lines. */
export interface Live {
  set(key: string, text: string): void;
  /** Prints a line that stays. */
  print(text: string): void;
  /** Takes a line away, and writes to the other stream while no line is in the way. */
  remove(key: string, write: () => void): void;
  clear(): void;
}

export function createLive(stream: OutStream): Live {
  const lines = new Map<string, string>();
  let drawn = 0;

  const erase = (): string => {
    const sequence = drawn === 0 ? "" : `\u001b[${drawn}A\u001b[0J`;
    drawn = 0;
    return sequence;
  };
  const draw = (): string => {
    // The last column stays free: a line that fills the row would wrap, and be counted wrongly.
    const width = (stream.columns ?? 80) - 1;
    drawn = lines.size;
    return [...lines.values()].map((line) => `${line.slice(0, width)}\n`).join("");
  };
  return {
    set(key, text) {
      lines.set(key, text);
      stream.write(erase() + draw());
    },
    print: (text) => void stream.write(`${erase()}${text}\n${draw()}`),
    remove(key, write) {
      lines.delete(key);
      stream.write(erase());
      write();
      stream.write(draw());
    },
    clear() {
      stream.write(erase());
      lines.clear();
    },
  };
}
