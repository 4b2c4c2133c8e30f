import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRecord } from "./audit-details.ts";

test("the record of an import that a scanner refused says what it refused", () => {
  const lines = describeRecord("imports/AA", {
    from: { kind: "bundle", name: "bundle 1" },
    files: 0,
    bytes: 0,
    scan: {
      command: ["clamdscan"],
      files: 3,
      refused: [{ mirror: "m", path: "a.deb", sha256: "", exit: 1 }],
    },
  });
  assert.deepEqual(lines.slice(-2), ["clamdscan looked at 3 files and refused 1", "refused (1): m: a.deb"]);
});
