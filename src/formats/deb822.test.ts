import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseStanza, stanzas } from "./deb822.ts";

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(text: string | Buffer, fields: string[], size = 7): Promise<Record<string, string>[]> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const found = [];
  for await (const batch of stanzas(chunked(bytes, size), "Packages", new Set(fields)))
    for (const stanza of batch) found.push(Object.fromEntries(stanza));
  return found;
}

test("one stanza: names in lower case, lists line by line", () => {
  const stanza = parseStanza(
    "Origin: Debian\nSHA256:\n aa 1 main/Packages\n bb 22  x y\nDescription: a: b \n \t.\n c\nEmpty:\n",
  );
  assert.deepEqual(Object.fromEntries(stanza), {
    origin: "Debian",
    sha256: "\naa 1 main/Packages\nbb 22  x y",
    description: "a: b\n.\nc",
    empty: "",
  });
});

test("CRLF, comments, blanks around, no final newline", () => {
  const text = "\r\n\n# comment\r\nA : 1\r\n# in between\r\n two\r\nb:\t2 \t\r\n\r\n\n";
  assert.deepEqual(Object.fromEntries(parseStanza(text)), { a: "1\ntwo", b: "2" });
  assert.deepEqual(Object.fromEntries(parseStanza("A:1")), { a: "1" });
  assert.deepEqual(Object.fromEntries(parseStanza(Buffer.from("Maintainer: Žluťoučký 🐎"))), {
    maintainer: "Žluťoučký 🐎",
  });
});

test("what one stanza must not be", () => {
  const refuse = (text: string, words: RegExp): void => {
    assert.throws(() => parseStanza(text, "Release of x"), { code: "metadata_invalid", message: words });
  };
  refuse("", /^Release of x holds no field/);
  refuse("\n\n# only\n", /holds no field/);
  refuse("A: 1\n\nB: 2\n", /more than one stanza/);
  refuse("A: 1\nB: 2\na: 3\n", /line 3, gives 'a' a second time/);
  refuse("A: 1\nno field\n", /line 2, has no colon/);
  refuse("A: 1\nno field\nB: 2\n", /line 2, has no colon/);
  refuse(" A: 1\n", /line 1, continues a field that is not there/);
  refuse("A: 1\n\n b\n", /line 3, continues/);
  refuse(": 1\n", /has no field name/);
});

test("a stream of stanzas keeps the fields asked for", async () => {
  const text =
    "Package: a\nVersion: 1\nDescription: long\n text\nFilename: pool/a\n\n" +
    "\n\nVersion: 2\nPACKAGE: b\nfilename : pool/b\nFilenames: no\n \nFile: no\n\nOther: 1\n";
  const expected = [
    { package: "a", version: "1", filename: "pool/a" },
    { package: "b", version: "2", filename: "pool/b" },
    {},
  ];
  for (const size of [1, 2, 3, 17, 1000])
    assert.deepEqual(
      await all(text, ["package", "version", "filename"], size),
      expected,
      `chunks of ${size}`,
    );
});

test("of a field that stands twice, the last counts; one stanza refuses it unless somebody is told", () => {
  const text = "A: 1\n more\nB: 2\na: 3\nC: 4\nA: 5\n";
  const told: string[] = [];
  const stanza = parseStanza(text, "Release", (name) => told.push(name));
  assert.deepEqual([Object.fromEntries(stanza), told], [{ a: "5", b: "2", c: "4" }, ["a", "a"]]);
  assert.throws(() => parseStanza(text, "Release"), { message: /line 4, gives 'a' a second time/ });
});

test("a stream takes the last of repeated fields, and refuses broken lines", async () => {
  assert.deepEqual(await all("Package: a\n x\nTag: x\nTag: y\nPackage: b\n", ["package"]), [
    { package: "b" },
  ]);
  await assert.rejects(all("Package: a\nrubbish\nVersion: 1\n", ["package"]), { code: "metadata_invalid" });
});

test("a line of more than 1 MiB and a stanza of more than 8 MiB are refused", async () => {
  const long = Buffer.alloc(1024 * 1024 + 1, "x");
  long.write("A:");
  const whole = long.subarray(0, 1024 * 1024);
  assert.equal((await all(whole, ["a"], 65536))[0]?.["a"]?.length, 1024 * 1024 - 2);
  await assert.rejects(all(long, ["a"], 65536), { code: "metadata_invalid", message: /longer than 1 MiB/ });
  const ends = async function* (): AsyncGenerator<Buffer> {
    for (let count = 0; ; count++) {
      assert.ok(count < 40, "the rest of the endless line is not read");
      yield Buffer.alloc(65536, "A:");
    }
  };
  await assert.rejects(
    async () => {
      for await (const batch of stanzas(ends(), "Packages", new Set(["a"]))) assert.equal(batch.length, 0);
    },
    { code: "metadata_invalid" },
  );
  const fat = Buffer.concat([Buffer.from("A: 1\n"), Buffer.alloc(8 * 1024 * 1024, `B:${"y".repeat(61)}\n`)]);
  await assert.rejects(all(fat, ["a"], 65536), { code: "metadata_invalid", message: /more than 8 MiB/ });
  const thin = Buffer.alloc(9 * 1024 * 1024, `B:${"y".repeat(60)}\n\n`);
  assert.equal((await all(thin, ["a"], 65536)).length, (9 * 1024 * 1024) / 64);
});

// The same rules in the plainest way, a line at a time over the whole text.
function reference(text: string, fields: Set<string>): Record<string, string>[] | "refused" {
  const found: Record<string, string>[] = [];
  let stanza: Record<string, string> | undefined;
  let name: string | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r+$/, "");
    const trim = (part: string): string => part.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    if (line === "") {
      if (stanza) found.push(stanza);
      stanza = undefined;
      name = undefined;
    } else if (/^[ \t]/.test(line)) {
      if (!stanza) return "refused";
      if (name !== undefined) stanza[name] += `\n${trim(line)}`;
    } else if (!line.startsWith("#")) {
      const colon = line.indexOf(":");
      if (colon < 1) return "refused";
      stanza ??= {};
      name = line
        .slice(0, colon)
        .replace(/[ \t]+$/, "")
        .toLowerCase();
      if (!fields.has(name)) name = undefined;
      else stanza[name] = trim(line.slice(colon + 1));
    }
  }
  if (stanza) found.push(stanza);
  return found;
}

test("agrees with a naive parser on hostile text, however it is cut", async () => {
  const piece = fc.constantFrom(
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    ":",
    "#",
    "A: 1",
    "a:2",
    "Ab: ü€",
    "Abc : x",
    " more",
    ".",
    "B:",
    "é",
    "\nA:3",
    "x",
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
  const fields = ["a", "ab", "abc"];
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (input, size) => {
      const expected = reference(input, new Set(fields));
      if (expected === "refused")
        await assert.rejects(all(input, fields, size), { code: "metadata_invalid" });
      else assert.deepEqual(await all(input, fields, size), expected);
    }),
    { numRuns: 500 },
  );
});
