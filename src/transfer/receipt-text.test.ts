import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import type { Receipt } from "./receipt.ts";
import { readReceipt, receiptBytes, scannable, writeReceipt } from "./receipt-text.ts";

const SIGNATURE = randomBytes(119);
const NAMES = ["latest", "testing", "stable", "prod", "plant-7.line_2", "lab", "edge", "z"];
const RECEIPT: Receipt = {
  site: "0123456789ABCDEF0123456789ABCDEF01234567",
  key: "FEDCBA9876543210FEDCBA9876543210FEDCBA98",
  sender: "00112233445566778899AABBCCDDEEFF00112233",
  at: "2026-11-21T14:00:00Z",
  channels: NAMES.map((name, at) => ({
    name,
    version: at * 37 + 1,
    digits: "0badc0de",
    ...(at === 2 && { only: ["debian", "security"] }),
  })),
  bundle: 14,
  missing: ["3", "7-9"],
};

function same(text: string): void {
  const { receipt, signature } = readReceipt(text);
  assert.deepEqual(receipt, RECEIPT);
  assert.ok(Buffer.from(signature).equals(SIGNATURE));
}

test("a receipt for eight channels is under a kilobyte, in short lines, and is read as it was written", () => {
  const text = writeReceipt(RECEIPT, SIGNATURE);
  assert.ok(text.length < 1024, String(text.length));
  for (const line of text.split("\n")) assert.ok(line.length <= 72, line);
  same(text);
  same(scannable(text));
});

test("mail, typing and scanning do not spoil it", () => {
  const text = writeReceipt(RECEIPT, SIGNATURE);
  same(`Dear all,\r\n\r\n${text.replaceAll("\n", "\r\n\r\n")}\r\n-- \r\nend\r\n`);
  same(text.replaceAll(/^/gm, "> > "));
  same(text.toUpperCase());
  same(text.replaceAll(/(?<=^(?:of|sig) .*)0/gm, "O").replaceAll(/ {1}(?=\w+ :)/g, "   "));
  const typed = text
    .split("\n")
    .map((line) => line.replace(/^(sig) (.*) :/, (_, word, rest) => `${word} ${rest.replaceAll(" ", "")}:`));
  same(typed.join("\n"));
});

test("a slip in any line is told by that line, or by what is then missing", () => {
  const lines = writeReceipt(RECEIPT, SIGNATURE).trim().split("\n");
  for (const [at, line] of lines.entries()) {
    const slip = line.replace(/[a-z0-9](?=[^a-z0-9]*(?::..)?$)/i, (letter) => (letter === "7" ? "8" : "7"));
    assert.notEqual(slip, line);
    assert.throws(() => readReceipt(lines.with(at, slip).join("\n")), { code: "receipt_invalid" }, line);
    const without = lines.toSpliced(at, 1).join("\n");
    try {
      // A line that is left out whole is for the signature to tell.
      const { receipt, signature } = readReceipt(without);
      const isSame = receiptBytes(receipt).equals(receiptBytes(RECEIPT));
      assert.ok(!isSame || !Buffer.from(signature).equals(SIGNATURE), line);
    } catch (error) {
      assert.ok(error instanceof SluiceError && error.code === "receipt_invalid", String(error));
    }
  }
});
