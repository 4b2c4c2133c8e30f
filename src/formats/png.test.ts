import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { encodeQR } from "qr";
import { decodeQR } from "qr/decode.js";
import { bilevelPng } from "./png.ts";

/** The dots of a picture as bilevelPng writes it. */
function dots(png: Buffer): { width: number; height: number; data: Uint8Array } {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf("IDAT");
  const lines = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const stride = 1 + Math.ceil(width / 8);
  const data = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++)
    for (let x = 0; x < width; x++) {
      const isWhite = ((lines[row * stride + 1 + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0;
      data.set([...Array<number>(3).fill(isWhite ? 255 : 0), 255], (row * width + x) * 4);
    }
  return { width, height, data };
}

test("a code that was written as a picture is read again", () => {
  const text = "SLUICE RECEIPT 1 :2S/OF 0123 4567/".repeat(20);
  const rows = encodeQR(text, "raw", { ecc: "low", border: 4, scale: 3 });
  const picture = dots(bilevelPng(rows));
  assert.deepEqual(
    Array.from(picture.data.filter((_, at) => at % 4 === 0)).map((grey) => grey === 0),
    rows.flat(),
  );
  assert.equal(decodeQR(picture), text);
});
