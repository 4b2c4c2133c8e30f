import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sameText, splitCleartext } from "./cleartext.ts";

const SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nabcd\n=abcd\n-----END PGP SIGNATURE-----\n";
const GOOD = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nA: 1\n- -dash\n\n B \n${SIGNATURE}`;

test("the signed text, and nothing else", () => {
  const { text, canonical, armor } = splitCleartext(Buffer.from(GOOD), "InRelease");
  assert.equal(text, "A: 1\n-dash\n\n B");
  assert.equal(canonical.toString(), "A: 1\r\n-dash\r\n\r\n B");
  assert.equal(armor, SIGNATURE);
});

test("CRLF, blank lines around, several Hash headers, none, no text", () => {
  const text = (file: string): string => splitCleartext(Buffer.from(file), "InRelease").text;
  assert.equal(text(GOOD.replaceAll("\n", "\r\n")), "A: 1\n-dash\n\n B");
  assert.equal(text(`\n \n${GOOD}\n\t\r\n`), "A: 1\n-dash\n\n B");
  assert.equal(text(GOOD.trimEnd()), "A: 1\n-dash\n\n B");
  assert.equal(
    text(GOOD.replace("Hash: SHA256\n", "Hash: SHA256, SHA512\nHash: SHA1\n")),
    "A: 1\n-dash\n\n B",
  );
  assert.equal(text(GOOD.replace("Hash: SHA256\n", "")), "A: 1\n-dash\n\n B");
  assert.equal(text(`-----BEGIN PGP SIGNED MESSAGE-----\n\n${SIGNATURE}`), "");
  const bytes = splitCleartext(Buffer.from(GOOD.replace("A: 1", "A: \xff\xfe"), "latin1"), "x").canonical;
  assert.equal(bytes.toString("latin1", 3, 5), "\xff\xfe");
});

test("anything around or within the block is refused", () => {
  const cases: [string, RegExp][] = [
    ["<html><body>Please log in</body></html>", /^InRelease, line 1, begins with '<html><body>Please log in/],
    [`\uFEFF${GOOD}`, /line 1, begins with/],
    [`Evil: 1\n${GOOD}`, /line 1, begins with 'Evil: 1'/],
    [` ${GOOD}`, /line 1, begins with/],
    [`${GOOD}Evil: 1\n`, /line 13, stands after the signature/],
    [GOOD + GOOD, /stands after the signature/],
    [GOOD.replace("Hash: SHA256", "NotDashEscaped: yes"), /line 2, is a header that is not allowed/],
    [GOOD.replace("Hash: SHA256", "Charset: UTF-8"), /line 2, is a header that is not allowed/],
    [GOOD.replace("Hash: SHA256", "Hash: SHA256 Evil: 1"), /line 2, names a hash that is not known/],
    [GOOD.replace("Hash: SHA256", "Hash: CRC32"), /line 2, names a hash that is not known/],
    [GOOD.replace("- -dash", "-dash"), /line 5, begins with a dash that is not escaped/],
    [GOOD.replace("- -dash", "-----BEGIN PGP SIGNED MESSAGE-----"), /line 5, begins with a dash/],
    [GOOD.replace("- -dash", "-----BEGIN PGP MESSAGE-----"), /line 5, begins with a dash/],
    [GOOD.replace("abcd\n", "-----BEGIN PGP SIGNATURE-----\n"), /line 10, begins another block/],
    [GOOD.slice(0, 47), /is cut off within the headers/],
    [GOOD.slice(0, 60), /ends before the signature/],
    [GOOD.slice(0, 108), /ends within the signature/],
    [SIGNATURE, /line 1, begins with '-----BEGIN PGP SIGNATURE-----'/],
  ];
  for (const [file, message] of cases)
    assert.throws(
      () => splitCleartext(Buffer.from(file), "InRelease"),
      { code: "signature_framing", message },
      file,
    );
  assert.throws(() => splitCleartext(Buffer.from(" \n"), "InRelease"), { code: "signature_missing" });
});

test("what differs only in blanks at line ends and final newlines is the same text", () => {
  assert.ok(sameText("A: 1\nB: 2\n", Buffer.from("A: 1 \t\r\nB: 2\n\n\n")));
  assert.ok(sameText("", "\n"));
  assert.ok(sameText(Buffer.from("\xff", "latin1"), Buffer.from("\xff\n", "latin1").toString("utf8")));
  assert.ok(!sameText("A: 1\nB: 2\n", "A: 1\n\nB: 2\n"));
  assert.ok(!sameText("A: 1", " A: 1"));
  assert.ok(!sameText("A: 1", "A:  1"));
  assert.ok(!sameText("A: 1\n\n B", "A: 1"));
});

test("any text survives framing", () => {
  const line = fc.constantFrom(
    "",
    "-",
    "- -",
    "-----BEGIN PGP SIGNATURE-----",
    "Hash: x",
    " a ",
    "\t",
    "é",
    "a",
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      const body = lines.map((each) => (each.startsWith("-") ? `- ${each}` : each)).join("\n");
      const file = `-----BEGIN PGP SIGNED MESSAGE-----\n\n${body}\n${SIGNATURE}`;
      const signed = lines.map((each) => each.replace(/[ \t]+$/, ""));
      const { text, canonical } = splitCleartext(Buffer.from(file), "x");
      assert.equal(text, signed.join("\n"));
      assert.equal(canonical.toString(), signed.join("\r\n"));
    }),
  );
});
