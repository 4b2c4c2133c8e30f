import { createInterface } from "node:readline/promises";
import { sanitize } from "../base/errors.ts";
import type { Context } from "./context.ts";

/**
 * Says what is about to happen and asks whether to go on. --yes answers; off a terminal nobody can be asked, so the text is shown and the
 * answer is yes: only for what can be taken back.
 */
export async function confirm(context: Context, question: string): Promise<boolean> {
  return ask(context, question, true);
}

/** As confirm, for what gives trust: off a terminal, and without --yes, the answer is no. */
export async function confirmTrust(context: Context, question: string): Promise<boolean> {
  return ask(context, question, false);
}

/** As confirmTrust, for what would take the place of what is trusted already: --yes does not answer it, a terminal must. */
export async function confirmOtherTrust(context: Context, question: string): Promise<boolean> {
  return ask({ ...context, options: { ...context.options, yes: false } }, question, false);
}

async function ask(context: Context, question: string, otherwise: boolean): Promise<boolean> {
  const { io, output, options, signal } = context;
  const nobody = io.input.isTTY !== true || io.err.isTTY !== true;
  if (options.yes || nobody) {
    const [first = "", ...rest] = question.split("\n");
    output.warn(first);
    for (const line of rest) io.err.write(`  ${sanitize(line)}\n`);
    return options.yes || otherwise;
  }
  const asker = createInterface({ input: io.input, output: io.err });
  try {
    const answer = await asker.question(`${question}\nGo on? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asker.close();
  }
}
