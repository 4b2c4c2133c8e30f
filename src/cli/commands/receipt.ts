import { writeFile } from "node:fs/promises";
import { encodeQR } from "qr";
import { SluiceError } from "../../base/errors.ts";
import { bilevelPng } from "../../formats/png.ts";
import { makeReceipt, receiptSenders } from "../../transfer/receipt-make.ts";
import { scannable } from "../../transfer/receipt-text.ts";
import { readConfig, type Context } from "../context.ts";
import { withSite } from "../site.ts";

export interface ReceiptOptions {
  readonly qr?: boolean;
  readonly png?: string;
}

/** `sluice receipt [SITE]`: what this site holds of another one's, signed, to be carried back. */
export async function receipt(
  context: Context,
  sender: string | undefined,
  options: ReceiptOptions,
): Promise<void> {
  const config = await readConfig(context);
  const { output } = context;
  const made = await withSite(context, config, async (site) => {
    const senders = await receiptSenders(site, sender);
    if (senders.length > 1 && (options.qr === true || options.png !== undefined))
      throw new SluiceError("usage", `Say which site the code is for: one of ${senders.join(", ")}.`);
    return Promise.all(senders.map(async (one) => makeReceipt(site, one)));
  });
  for (const { receipt: said, text } of made) {
    output.json({ ...said, text });
    output.line(text.trimEnd());
    if (options.qr === true) output.line(qrLines(text));
    if (options.png !== undefined) await writePng(options.png, text);
  }
}

// Scanned from a screen, it needs little of the code to repair it; less is smaller.
const LEVEL = { ecc: "low" } as const;

function qrLines(text: string): string {
  return encodeQR(scannable(text), "ascii", { ...LEVEL, border: 2 }).trimEnd();
}

async function writePng(file: string, text: string): Promise<void> {
  const picture = bilevelPng(encodeQR(scannable(text), "raw", { ...LEVEL, border: 4, scale: 4 }));
  try {
    await writeFile(file, picture);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError("usage", `The picture cannot be written to ${file} (${why}): give another file.`, {
      cause: error,
    });
  }
}
