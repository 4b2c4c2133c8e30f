import { styleText } from "node:util";

/** How the demo speaks: numbered steps, the commands that it runs, and what they say, indented. */
export interface Screen {
  step(title: string): void;
  command(line: string): void;
  text(text: string): void;
  /** What a person should not overlook. */
  notice(text: string): void;
  plain(text: string): void;
}

export function createScreen(out: NodeJS.WriteStream): Screen {
  let steps = 0;
  const write = (text: string): void => void out.write(`${text}\n`);
  const indented = (text: string): string => text.trimEnd().replaceAll(/^(?=.)/gm, "    ");
  const paint = (style: "bold" | "dim" | "yellow", text: string): string =>
    styleText(style, text, { stream: out });
  return {
    step: (title) => write(`\n${paint("bold", `${String(++steps).padStart(2)}  ${title}`)}`),
    command: (line) => write(paint("dim", indented(`$ ${line}`))),
    text: (text) => write(indented(text)),
    notice: (text) => write(paint("yellow", indented(text))),
    plain: write,
  };
}
