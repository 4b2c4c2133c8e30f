import { styleText } from "node:util";
import type { OutStream } from "./io.ts";

export interface Column {
  readonly title: string;
  readonly align?: "right";
}

/** Lines of a plain table: a head, columns two blanks apart, nothing cut off. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? "";
        const width = widths[index] ?? 0;
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

type Style = "bold" | "dim" | "red" | "yellow" | "green";

/** The text in a colour where the stream is a terminal and NO_COLOR is not set. */
export function paint(style: Style, text: string, stream: OutStream, env: NodeJS.ProcessEnv): string {
  if (stream.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return text;
  return styleText(style, text, { validateStream: false });
}
