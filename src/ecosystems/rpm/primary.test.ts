import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { readPrimary, type PackageRecord } from "./primary.ts";

const digest = "a".repeat(64);
const PADDING = '<rpm:entry name="libc.so.6(GLIBC_2.34)(64bit)" flags="EQ"/>'.repeat(100);

function packageXml(name: string, more = ""): string {
  return `<package type="rpm"><name>${name}</name><arch>x86_64</arch><version epoch="1" ver="1.0" rel="2"/><checksum type="sha256">${digest}</checksum><size package="7"/><location href="Packages/${name}-1.0-2.x86_64.rpm"/><format><rpm:group>Games</rpm:group>${more}</format></package>\n`;
}

async function* document(...parts: Iterable<string>[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from("<metadata>");
  for (const part of parts) for (const text of part) yield Buffer.from(text);
  yield Buffer.from("</metadata>");
}

async function read(source: AsyncIterable<Uint8Array>): Promise<PackageRecord[]> {
  const found: PackageRecord[] = [];
  for await (const batch of readPrimary(source, "primary.xml")) found.push(...batch);
  return found;
}

test("a package is read whole, whatever else stands in it", async () => {
  assert.deepEqual(await read(document([packageXml("tool", PADDING)])), [
    {
      name: "tool",
      version: "1:1.0-2",
      arch: "x86_64",
      group: "Games",
      href: "Packages/tool-1.0-2.x86_64.rpm",
      digests: { sha256: digest },
      size: 7,
    },
  ]);
});

test("a package that lacks something, or has what no package has, is refused by name", async () => {
  const whole = packageXml("tool");
  const cases: [RegExp, string, string][] = [
    [/<name>tool<\/name>/, "", "metadata_invalid"],
    [/<name>tool/, "<name>to/ol", "metadata_invalid"],
    [/<arch>x86_64/, "<arch>x86 64", "metadata_invalid"],
    [/<version[^>]*>/, "", "metadata_invalid"],
    [/epoch="1"/, 'epoch="one"', "metadata_invalid"],
    [/package="7"/, 'package="-7"', "metadata_invalid"],
    [/<checksum[^>]*>[^<]*<\/checksum>/, "", "metadata_invalid"],
    [/type="sha256">a/, 'type="sha256">g', "metadata_invalid"],
    [/<location[^>]*>/, "", "metadata_invalid"],
    [/href="Packages/, 'href="a/../../b', "path_refused"],
  ];
  for (const [from, to, code] of cases) {
    const text = whole.replace(from, to);
    assert.notEqual(text, whole, String(from));
    await assert.rejects(read(document([text])), { code }, String(from));
  }
});

test("what is kept of a large list does not keep the list", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const count = 3000;
  const all = Array.from({ length: count }, (_, at) => at);
  collect();
  const before = process.memoryUsage().heapUsed;
  const list = (function* () {
    for (const at of all) yield packageXml(`a-package-of-a-longer-name-${at}`, PADDING);
  })();
  const kept = await read(document(list));
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.equal(kept.length, count);
  // The text itself has 18 MB.
  assert.ok(grown < 8_000_000, `${grown} bytes for ${count} packages`);
});
