import assert from "node:assert/strict";
import { test } from "node:test";
import { readPackages } from "./packages.ts";
import { stanza } from "./repository.test-helper.ts";

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("a file is asked for below the base, however many slashes its name begins with", async () => {
  for (const [filename, path, from] of [
    ["pool/a.deb", "pool/a.deb", "pool/a.deb"],
    ["./a.deb", "a.deb", "a.deb"],
    [".//a.deb", "a.deb", "a.deb"],
    [".///pool//a+b.deb", "pool/a+b.deb", "pool//a%2Bb.deb"],
  ] as const) {
    for await (const [record] of readPackages(once(stanza("a", { Filename: filename })), "Packages"))
      assert.deepEqual([record?.path, record?.from], [path, from], filename);
  }
});
