import { readUstar, USTAR_END, ustarHeader, ustarPadding } from "../../../src/formats/ustar.ts";
import { gather, must, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

/** Archives as Sluice writes them, and no other ones. */
export async function open(): Promise<Target> {
  const member = (name: string, body: string, mtime = 0): Buffer =>
    Buffer.concat([
      ustarHeader(name, Buffer.byteLength(body), mtime),
      Buffer.from(body),
      ustarPadding(Buffer.byteLength(body)),
    ]);
  return {
    seeds: [
      Buffer.concat([
        member("records/refs.ndjson", "{}\n", 1e9),
        member(`${"d/".repeat(60)}x`, ""),
        USTAR_END,
      ]),
      USTAR_END,
    ],
    words: [
      "ustar\x0000",
      "ustar  \0",
      "0000644\0",
      "00000000000",
      "77777777777",
      "\0",
      " ",
      "5",
      "2",
      "g",
      "L",
      "../x",
      "\0".repeat(512),
    ],
    maxBytes: 8192,
    async run(input) {
      const bodies: Buffer[] = [];
      let total = 0;
      for await (const { size, body } of readUstar(pieces(input, 700), "Part 1")) {
        bodies.push(await gather(body, size));
        total += 512 + Math.ceil(size / 512) * 512;
      }
      must(total + 1024 === input.length, "nothing stands between the files or behind them");
    },
  };
}
