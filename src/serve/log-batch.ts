import { combinedLine, type AccessLine } from "./log.ts";

export type LogFormat = "combined" | "json" | "none";

/** One line of the access log, with its end; undefined where none is wanted. */
export function formatLine(line: AccessLine, format: LogFormat): string | undefined {
  if (format === "none") return undefined;
  return format === "json" ? `${JSON.stringify({ event: "request", ...line })}\n` : `${combinedLine(line)}\n`;
}

export interface LogBatch {
  add(line: AccessLine): void;
  /** Hands on what is there, at once. */
  flush(): void;
}

/**
 * Hands lines on together: those of one turn of the loop, or of `waitMs`. To write each by itself would cost as much
 * as to answer.
 */
export function logBatch(format: LogFormat, write: (text: string) => void, waitMs = 0): LogBatch {
  let text = "";
  let waiting = false;
  const flush = (): void => {
    waiting = false;
    if (text === "") return;
    const all = text;
    text = "";
    write(all);
  };
  return {
    add(line) {
      const formatted = formatLine(line, format);
      if (formatted === undefined) return;
      text += formatted;
      if (waiting) return;
      waiting = true;
      if (waitMs === 0) setImmediate(flush);
      else setTimeout(flush, waitMs);
    },
    flush,
  };
}
