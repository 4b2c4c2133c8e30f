import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decompress, formatOf } from "./compression.ts";

// Text that compresses, but not to nothing, and is longer than any buffer in between.
const CONTENT = Buffer.concat(
  Array.from({ length: 3200 }, (_, index) =>
    Buffer.from(`Package: p${index}\nSHA256: ${createHash("sha256").update(`${index}`).digest("hex")}\n\n`),
  ),
);

const TOOLS: Record<string, string[][]> = {
  xz: [
    ["xz", "-0"],
    ["xz", "-1", "--check=none"],
    ["xz", "-0", "--check=crc32", "--block-size=100000"],
  ],
  gzip: [
    ["gzip", "-1"],
    ["gzip", "-9"],
  ],
  bzip2: [
    ["bzip2", "-1"],
    ["bzip2", "-9"],
  ],
  zstd: [
    ["zstd", "-q", "-1"],
    ["zstd", "-q", "-3", "--no-check"],
  ],
  lz4: [
    ["lz4", "-q"],
    ["lz4", "-q", "-BD", "-B4", "--content-size"],
    ["lz4", "-q", "-9", "-BX", "-B5"],
    ["lz4", "-q", "--no-frame-crc", "-BDX", "-B4"],
  ],
};

function run(t: TestContext, command: string[], input: Buffer): Buffer | undefined {
  const [tool = "", ...options] = command;
  const { stdout, status, error } = spawnSync(tool, [...options, "-c"], { input, maxBuffer: 1e9 });
  if (error !== undefined) {
    assert.ok(process.env["CI"] === undefined, `${tool} is not installed`);
    t.skip(`${tool} is not installed`);
    return undefined;
  }
  assert.equal(status, 0, command.join(" "));
  return stdout;
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function content(bytes: Uint8Array, size = 65536, maxBytes = 10_000_000): Promise<Buffer> {
  const parts = [];
  for await (const chunk of decompress(chunked(bytes, size), { maxBytes, what: "Packages" }))
    parts.push(chunk);
  return Buffer.concat(parts);
}

async function refused(bytes: Uint8Array, message: RegExp, maxBytes?: number): Promise<void> {
  await assert.rejects(content(bytes, 4096, maxBytes), { code: "decompression", message });
}

for (const [format, commands] of Object.entries(TOOLS)) {
  test(`${format}: what the tool writes, and what damages it`, async (t) => {
    for (const command of commands) {
      const file = run(t, command, CONTENT);
      if (file === undefined) return;
      assert.equal(formatOf(file.subarray(0, 10)), format);
      for (const size of [1 << 20, 1999])
        assert.ok((await content(file, size)).equals(CONTENT), `${command.join(" ")} by ${size}`);
      const empty = run(t, command, Buffer.alloc(0)) ?? assert.fail();
      assert.equal((await content(empty, 1)).length, 0, `${command.join(" ")} of nothing`);

      // Several streams in one file, the empty one among them; cut so that a piece ends where a stream does.
      const joined = Buffer.concat([file, empty, file]);
      for (const size of [file.length, 1 << 20])
        assert.ok(
          (await content(joined, size)).equals(Buffer.concat([CONTENT, CONTENT])),
          `joined by ${size}`,
        );

      for (const length of [12, 50, file.length >> 1, file.length - 1])
        await refused(file.subarray(0, length), /^Packages cannot be decompressed \(\w+\): it is/);
      await refused(Buffer.concat([file, Buffer.from("junk that follows")]), /cannot be decompressed/);
      await refused(Buffer.concat([file, Buffer.from("j")]), /cannot be decompressed/);
      await refused(file, /than \d+ bytes|grows past \d+ bytes/, CONTENT.length - 1);
      assert.ok((await content(file, 4096, CONTENT.length)).equals(CONTENT), "exactly the bound");
    }
  });

  test(`${format}: a flipped bit is seen`, async (t) => {
    const file = run(t, commands[0] ?? [], CONTENT.subarray(0, 5000));
    if (file === undefined) return;
    // Past the headers, whose names and times no checksum of gzip covers.
    const middle = Array.from({ length: file.length >> 5 }, (_, index) => 16 + 31 * index);
    const end = Array.from({ length: 12 }, (_, index) => file.length - 1 - index);
    for (const at of [...middle, ...end]) {
      const flipped: Buffer = Buffer.from(file);
      flipped[at] = (flipped[at] ?? 0) ^ 8;
      const read: Buffer | void = await content(flipped).catch((error: unknown) => {
        assert.equal((error as { code: string }).code, "decompression", `byte ${at}: ${String(error)}`);
      });
      assert.ok(read === undefined || read.equals(CONTENT.subarray(0, 5000)), `byte ${at}`);
      // Every format ends with a checksum or a mark of its own.
      if (at > file.length - 4 && at < file.length - 1) assert.equal(read, undefined, `byte ${at}`);
    }
  });

  test(`${format}: a bomb ends at the bound, and its source is closed`, async (t) => {
    const bomb = run(t, commands[0] ?? [], Buffer.alloc(30_000_000));
    if (bomb === undefined) return;
    let closed = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* chunked(bomb, 100);
      } finally {
        closed = true;
      }
    };
    let size = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of decompress(source(), { maxBytes: 3_000_000, what: "x" }))
        size += chunk.length;
    };
    await assert.rejects(read, { code: "decompression" });
    // A block of bzip2 may hold 46 MB, so it is given up in the middle.
    assert.ok(format === "bzip2" ? size === 0 : size <= 3_000_000);
    assert.ok(closed);
  });
}

test("a plain file passes as it is, up to the bound", async () => {
  assert.equal(formatOf(Buffer.from("Package: a")), "plain");
  assert.equal(formatOf(Buffer.from("BZh9 is how this text begins")), "plain");
  assert.ok((await content(CONTENT, 1000, CONTENT.length)).equals(CONTENT));
  assert.equal((await content(Buffer.alloc(0))).length, 0);
  assert.equal((await content(Buffer.from([0x1f]))).length, 1);
  await refused(CONTENT, /^Packages grows past 1000 bytes/, 1000);
});

test("padding after gzip is refused as anything else is", async () => {
  await refused(Buffer.concat([gzipSync(CONTENT), Buffer.alloc(512)]), /something else follows it/);
});

test("several files at once, read in turns", async (t) => {
  const file = run(t, ["xz", "-0"], CONTENT);
  if (file === undefined) return;
  const bounds = { maxBytes: 10_000_000, what: "x" };
  const readers = [1, 2, 3].map(() => decompress(chunked(file, 5000), bounds)[Symbol.asyncIterator]());
  const parts: Uint8Array[][] = [[], [], []];
  for (let open = 3; open > 0;) {
    for (const [index, reader] of readers.entries()) {
      const { value, done } = await reader.next();
      if (done === true) open--;
      else parts[index]?.push(value);
    }
  }
  for (const part of parts) assert.ok(Buffer.concat(part).equals(CONTENT));
});

test("a reader that leaves early closes the source", async (t) => {
  const files = [CONTENT, gzipSync(CONTENT), zstdCompressSync(CONTENT), run(t, ["xz", "-0"], CONTENT)];
  for (const file of files) {
    if (file === undefined) return;
    let closed = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* chunked(file, 5000);
      } finally {
        closed = true;
      }
    };
    for await (const chunk of decompress(source(), { maxBytes: 10_000_000, what: "x" })) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.ok(closed);
  }
});

test("an error of the source passes through unchanged", async (t) => {
  const files: Buffer[] = [CONTENT, gzipSync(CONTENT), zstdCompressSync(CONTENT)];
  for (const tool of ["xz", "bzip2", "lz4"]) files.push(run(t, [tool], CONTENT) ?? CONTENT);
  for (const file of files) {
    const broken = new Error("the network is gone");
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield file.subarray(0, 3000);
      throw broken;
    };
    await assert.rejects(
      async () => {
        for await (const chunk of decompress(source(), { maxBytes: 10_000_000, what: "x" }))
          assert.ok(chunk.length > 0);
      },
      (error) => error === broken,
    );
  }
});

test("lz4 frames that no tool writes", async () => {
  const frame = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
  // A skippable frame alone is only known among LZ4 frames, so an empty frame goes before it.
  const empty = "04224d18 60 40 82 00000000";
  assert.equal((await content(frame(`${empty} 502a4d18 03000000 aabbcc ${empty}`))).length, 0);
  await refused(frame("04224d18 60 40 83 00000000"), /the checksum of its header is wrong/);
  await refused(frame(`${empty} 502a4d18 04000000 aabbcc`), /it is cut off/);
  // One literal, then a match that reaches back before the first byte.
  await refused(frame("04224d18 60 40 82 04000000 10 61 0200 00000000"), /it is damaged/);
  await refused(frame("04224d18 60 40 82 04000000 10 61 0000 00000000"), /it is damaged/);
  await refused(frame("04224d18 60 40 82 01000100"), /a block is larger than it may be/);
});
