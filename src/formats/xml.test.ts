import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { readXml } from "./xml.ts";

async function* pieces(text: string | Buffer, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Buffer, size = 1 << 16): Promise<string[]> {
  const batches = await Array.fromAsync(
    readXml<string>(pieces(text, size), "x.xml", (emit) => ({
      open: (path, attributes) => emit(`<${path.join("/")} ${JSON.stringify(attributes)}`),
      close: (path, inner) => emit(`>${path.join("/")} ${inner}`),
    })),
  );
  return batches.flat();
}

test("elements, attributes and texts come in order, however the bytes are cut", async () => {
  const text = '<?xml version="1.0"?><a b="&lt;é"><c>x &amp; ü<![CDATA[<z>]]></c><d/></a>';
  const wanted = ['<a {"b":"<é"}', "<a/c {}", ">a/c x & ü<z>", "<a/d {}", ">a/d ", ">a "];
  for (const size of [1, 2, 3, 7, 1 << 16]) assert.deepEqual(await read(text, size), wanted);
});

test("what is hostile or broken is refused, and never takes memory without end", async () => {
  const long = "x".repeat(5 * 1024 * 1024);
  const bad: Record<string, string | Buffer> = {
    "cut short": "<a><b></b>",
    "nothing at all": "",
    "two roots": "<a/><b/>",
    "text behind": "<a/>more",
    "an unknown entity": "<a>&x;</a>",
    "an entity bomb": '<!DOCTYPE a [<!ENTITY x "yy"><!ENTITY z "&x;&x;">]><a>&z;</a>',
    "not UTF-8": Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]),
    "cut in a letter": Buffer.from("<a>é").subarray(0, 4),
    deep: "<a>".repeat(40) + "</a>".repeat(40),
    "a long text": `<a>${long}</a>`,
    "a long attribute": `<a b="${long}"/>`,
    "a long comment": `<a><!--${long}--></a>`,
    "a page": "<html><body>Please log in<br></body></html>",
  };
  for (const [what, text] of Object.entries(bad)) {
    await assert.rejects(
      read(text),
      (error: unknown) => error instanceof SluiceError && error.code === "metadata_invalid",
      what,
    );
  }
});
