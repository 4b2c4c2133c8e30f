import { asSluiceError, sanitize, type SluiceError } from "../base/errors.ts";
import type { Io } from "./io.ts";
import { type Column, formatTable, paint } from "./table.ts";

/** How a command speaks: results on stdout, all else on stderr. */
export interface Output {
  /** A line of the result, for people; nothing under --json. */
  line(text?: string): void;
  /** A table of the result, for people. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** One line of JSON, under --json alone. */
  json(value: unknown): void;
  /** A remark on stderr; not with --quiet. */
  note(text: string): void;
  warn(text: string): void;
  error(error: SluiceError): void;
}

export function createOutput(io: Io, options: { json: boolean; quiet: boolean }): Output {
  const line = (text = ""): void => {
    if (!options.json) io.out.write(`${text}\n`);
  };
  return {
    line,
    table(columns, rows) {
      const [head = "", ...body] = formatTable(columns, rows);
      line(paint("bold", head, io.out, io.env));
      for (const text of body) line(text);
    },
    json(value) {
      if (options.json) io.out.write(`${JSON.stringify(value)}\n`);
    },
    note(text) {
      if (!options.quiet) io.err.write(`${sanitize(text)}\n`);
    },
    warn(text) {
      io.err.write(`${paint("yellow", "sluice: warning:", io.err, io.env)} ${sanitize(text)}\n`);
    },
    error(error) {
      const head = paint("red", `sluice: error[${error.code}]:`, io.err, io.env);
      const hint = error.hint === undefined ? "" : `  hint: ${error.hint}\n`;
      io.err.write(`${head} ${error.message}\n${hint}`);
    },
  };
}

/** What the last line under --json says of a failure, and what a mirror's line says of it. */
export function errorJson(thrown: unknown): { code: string; message: string; hint?: string } {
  const { code, message, hint } = asSluiceError(thrown);
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}
