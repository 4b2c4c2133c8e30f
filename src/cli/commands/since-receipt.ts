import { readFile } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import type { Site } from "../../channel/site.ts";
import type { Assumption } from "../../transfer/bundle/assume.ts";
import { acknowledged } from "../../transfer/receipt-check.ts";
import type { Context } from "../context.ts";

/** What the site that a receipt is of holds; `file` is - for standard input. Throws receipt_invalid. */
export async function sinceReceipt({ io, output }: Context, site: Site, file: string): Promise<Assumption> {
  const text = file === "-" ? await readInput(io.input) : await readReceiptFile(file);
  const { receipt, snapshots, bundles } = await acknowledged(site, text);
  const channels = receipt.channels.map(({ name, version }) => `${name} ${version}`);
  output.note(
    `The receipt of ${receipt.at.slice(0, 10)} says that it holds ${channels.join(", ") || "nothing"}.`,
  );
  if (receipt.missing.length > 0)
    output.warn(`Bundles that never came there: ${receipt.missing.join(", ")}.`);
  return { kind: "snapshots", snapshots, bundles };
}

// A receipt is short; what is not is something else.
const MOST = 65_536;

async function readReceiptFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).slice(0, MOST);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError("receipt_invalid", `The receipt ${file} cannot be read (${why}): check the path.`, {
      cause: error,
    });
  }
}

async function readInput(input: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MOST) break;
  }
  return text.slice(0, MOST);
}
