import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { readUstar, USTAR_END, ustarHeader, ustarPadding, ustarSize } from "./ustar.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-ustar-"));
after(() => rmSync(folder, { recursive: true }));

const LONG = `lists/${"m".repeat(120)}/20261121T040000Z.sha256`;
const FILES: readonly (readonly [string, Buffer])[] = [
  ["a", Buffer.from("one\n")],
  ["empty", Buffer.alloc(0)],
  [LONG, Buffer.alloc(512, "x")],
  ["blobs/sha256/ab/cd", Buffer.alloc(70_000, "y")],
];

function archive(files: readonly (readonly [string, Buffer])[]): Buffer {
  const members = files.flatMap(([name, bytes]) => [
    ustarHeader(name, bytes.length, 1e9),
    bytes,
    ustarPadding(bytes.length),
  ]);
  return Buffer.concat([...members, USTAR_END]);
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, chunk = 1000): Promise<[string, Buffer][]> {
  const found: [string, Buffer][] = [];
  for await (const { name, body } of readUstar(inChunks(bytes, chunk), "part 1")) {
    const chunks: Uint8Array[] = [];
    for await (const piece of body) chunks.push(Buffer.from(piece));
    found.push([name, Buffer.concat(chunks)]);
  }
  return found;
}

test("what is written is read, whatever the chunks", async () => {
  for (const chunk of [1, 511, 512, 513, 1 << 20]) assert.deepEqual(await read(archive(FILES), chunk), FILES);
  assert.equal(
    archive(FILES).length,
    FILES.reduce((sum, [, bytes]) => sum + ustarSize(bytes.length), 1024),
  );
});

test("tar reads it, and we read tar's", async () => {
  writeFileSync(join(folder, "ours.tar"), archive(FILES));
  const listed = execFileSync("tar", ["-tvf", join(folder, "ours.tar")], { encoding: "utf8" });
  for (const [name, bytes] of FILES)
    assert.match(listed, new RegExp(`^-rw-r--r-- root/root +${bytes.length} .* ${name}$`, "m"));
  for (const [name, bytes] of FILES.filter(([name]) => name !== LONG)) {
    execFileSync("tar", ["-C", folder, "-xf", join(folder, "ours.tar"), name]);
    assert.ok(readFileSync(join(folder, name)).equals(bytes));
  }
  execFileSync("tar", [
    "-C",
    folder,
    "--format=ustar",
    "-b1",
    "-cf",
    join(folder, "theirs.tar"),
    "a",
    "empty",
  ]);
  assert.deepEqual(await read(readFileSync(join(folder, "theirs.tar"))), FILES.slice(0, 2));
});

test("bodies that nobody reads are skipped", async () => {
  const names: string[] = [];
  for await (const { name } of readUstar(inChunks(archive(FILES), 700), "part 1")) names.push(name);
  assert.deepEqual(
    names,
    FILES.map(([name]) => name),
  );
});

test("a body that is left in the middle is skipped to its end", async () => {
  const names: string[] = [];
  for await (const { name, body } of readUstar(inChunks(archive(FILES), 300), "part 1")) {
    names.push(name);
    for await (const _first of body) break;
  }
  assert.deepEqual(
    names,
    FILES.map(([name]) => name),
  );
});

test("every cut and what goes on after the end are refused", async () => {
  const whole = archive(FILES.slice(0, 2));
  for (let length = 0; length < whole.length; length += 64)
    await assert.rejects(read(whole.subarray(0, length)), { code: "tar_unexpected", message: /part 1/ });
  await assert.rejects(read(Buffer.concat([whole, Buffer.alloc(1)])), { code: "tar_unexpected" });
});

test("links, devices, folders and extensions are refused", async () => {
  execFileSync(
    "sh",
    [
      "-c",
      "echo one > a && mkdir -p d && ln -sf /etc/shadow soft && ln -f a hard && mkfifo -m 600 pipe 2>/dev/null; tar --format=pax -cf pax.tar --pax-option=comment:=x a && tar -cf soft.tar soft && tar -cf hard.tar a hard && tar -cf dir.tar d && tar -cf pipe.tar pipe",
    ],
    { cwd: folder },
  );
  for (const name of ["pax", "soft", "hard", "dir", "pipe"])
    await assert.rejects(
      read(readFileSync(join(folder, `${name}.tar`))),
      { code: "tar_unexpected", message: /plain files|header/ },
      name,
    );
});

test("a flipped bit of a header or a padding is found", async () => {
  const whole = archive([["a", Buffer.from("one\n")]]);
  for (let at = 0; at < whole.length; at++) {
    if (at >= 512 && at < 516) continue;
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 4;
    await assert.rejects(read(flipped), { code: "tar_unexpected" }, String(at));
  }
});

test("a name that is not UTF-8 is refused, however long it would be as text", async () => {
  const header = ustarHeader("n".repeat(100), 0, 0);
  header.fill(0xe9, 0, 100);
  header.write("        ", 148, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  await assert.rejects(read(Buffer.concat([header, USTAR_END])), { code: "tar_unexpected" });
});

test("what is read from is let go of, where an archive is refused and where nobody reads on", async () => {
  let open = 0;
  async function* source(bytes: Buffer): AsyncGenerator<Uint8Array> {
    open++;
    try {
      yield* inChunks(bytes, 512);
    } finally {
      open--;
    }
  }
  const whole = archive(FILES);
  const damaged = Buffer.concat([whole.subarray(0, 1024), Buffer.alloc(9000, 1)]);
  await assert.rejects(async () => {
    for await (const { body } of readUstar(source(damaged), "part 1")) for await (const _ of body) continue;
  });
  assert.equal(open, 0);
  for await (const _ of readUstar(source(whole), "part 1")) break;
  assert.equal(open, 0);
});

test("names and bodies of any kind read back as they were written", async () => {
  const part = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .filter((text) => !/[\0/]/.test(text));
  const name = fc
    .array(part, { minLength: 1, maxLength: 8 })
    .map((parts) => parts.join("/"))
    .filter((text) => Buffer.byteLength(text) <= 100);
  const body = fc.uint8Array({ maxLength: 1200 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, body), { maxLength: 4 }), async (files) => {
      assert.deepEqual(await read(archive(files)), files);
    }),
    { numRuns: 50 },
  );
});
