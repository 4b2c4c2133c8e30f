import { createHash } from "node:crypto";
import { SluiceError } from "../../../src/base/errors.ts";
import { toBase32 } from "../../../src/base/base32.ts";
import { readReceipt, scannable, writeReceipt } from "../../../src/transfer/receipt-text.ts";
import { mustEqual } from "../kit.ts";
import { SITE } from "../record-lines.ts";
import type { Target } from "../target.ts";

const RECEIPT = {
  site: SITE,
  key: SITE.replaceAll("0", "F"),
  sender: SITE.replaceAll("1", "F"),
  at: "2026-01-01T00:00:00Z",
  channels: [
    { name: "stable", version: 3, digits: "0123abcd", only: ["debian", "x.y"] },
    { name: "latest", version: 12, digits: "00000000" },
  ],
  bundle: 7,
  missing: ["2", "4-6"],
};

/** Receipts, as they are mailed, typed or scanned. Letters that are not right are also put right, so that what comes behind them is met. */
export async function open(): Promise<Target> {
  const text = writeReceipt(RECEIPT, Buffer.alloc(64, 0xa5));
  return {
    seeds: [text, scannable(text), `> On Monday\n> ${text.replaceAll("\n", "\n> ")}\nregards`],
    words: [
      "sluice receipt 1",
      "sluice receipt 2",
      "end",
      "of ",
      "key ",
      "from ",
      "at ",
      "channel ",
      "only ",
      "bundles ",
      "missing ",
      "sig ",
      " :",
      "/",
      ">",
      "|",
      "constructor x",
      "stable 1 00000000",
      "99999-1",
      "O",
      "l",
      "2026-02-30t25:00:00z",
    ],
    run(input) {
      try {
        hold(righted(input.toString()));
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
      }
      hold(input.toString());
    },
  };
}

function hold(text: string): void {
  const { receipt, signature } = readReceipt(text);
  const again = readReceipt(writeReceipt(receipt, signature));
  mustEqual(again.receipt, receipt, "what was read can be written");
  mustEqual(again.signature, signature, "with its signature");
}

function righted(text: string): string {
  const lines = text.split(/[\n/]/).map((line) => {
    const body = line.toLowerCase().replace(/ ?: ?\S{2}$/, "");
    const letters = toBase32(createHash("sha256").update(body).digest()).slice(0, 2);
    return body === "end" || body === "" ? body : `${body} :${letters}`;
  });
  return lines.join("\n");
}
