import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, rangeHolds } from "./conditions.ts";

const etag = `"${"a".repeat(64)}"`;
const lastModified = "Sat, 21 Nov 2026 04:00:00 GMT";
const later = "Sat, 21 Nov 2026 05:00:00 GMT";
const now = { etag, lastModified };

for (const [headers, wanted] of [
  [{}, "proceed"],
  [{ "if-none-match": etag }, "not-modified"],
  [{ "if-none-match": `"b", W/${etag}` }, "not-modified"],
  [{ "if-none-match": "*" }, "not-modified"],
  [{ "if-none-match": '"b"' }, "proceed"],
  [{ "if-none-match": "a".repeat(64) }, "proceed"],
  [{ "if-modified-since": lastModified }, "not-modified"],
  [{ "if-modified-since": later }, "proceed"],
  [{ "if-modified-since": "Sat, 21 Nov 2026 03:00:00 GMT" }, "proceed"],
  [{ "if-none-match": '"b"', "if-modified-since": lastModified }, "proceed"],
  [{ "if-match": etag }, "proceed"],
  [{ "if-match": "*" }, "proceed"],
  [{ "if-match": `W/${etag}` }, "failed"],
  [{ "if-match": '"b"', "if-none-match": etag }, "failed"],
  [{ "if-unmodified-since": lastModified }, "proceed"],
  [{ "if-unmodified-since": later }, "failed"],
  [{ "if-match": etag, "if-unmodified-since": later }, "proceed"],
] as const) {
  test(JSON.stringify(headers).replaceAll("a".repeat(64), "…"), () =>
    assert.equal(judge(headers, now), wanted),
  );
}

test("If-Range holds for exactly this tag or date", () => {
  assert.equal(rangeHolds({}, now), true);
  assert.equal(rangeHolds({ "if-range": etag }, now), true);
  assert.equal(rangeHolds({ "if-range": lastModified }, now), true);
  assert.equal(rangeHolds({ "if-range": `W/${etag}` }, now), false);
  assert.equal(rangeHolds({ "if-range": '"b"' }, now), false);
  assert.equal(rangeHolds({ "if-range": later }, now), false);
});
