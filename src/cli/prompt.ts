import { createInterface } from "node:readline/promises";
import type { Context } from "./context.ts";

/**
 * Says what is about to happen and asks whether to go on. --yes answers; off a terminal nobody can be asked, so the text is shown and the
 * answer is yes: only for what can be taken back.
 */
export async function confirm(context: Context, question: string): Promise<boolean> {
  const { io, output, options, signal } = context;
  if (options.yes || io.input.isTTY !== true || io.err.isTTY !== true) {
    output.warn(question);
    return true;
  }
  const asker = createInterface({ input: io.input, output: io.err });
  try {
    const answer = await asker.question(`${question}\nGo on? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asker.close();
  }
}
