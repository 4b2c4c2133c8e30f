import { equal } from "node:assert/strict";
import { test } from "node:test";
import { renewed, table } from "./table.ts";

test("lines that were tried anew replace theirs, others stay, and lines of no fault go", () => {
  const row = (fault: string, tried: number) => ({
    ecosystem: "apt",
    fault,
    promise: "p",
    seconds: 1,
    outcome: { tried, outcomes: { fine: tried } },
  });
  const old = table([row("a", 1), row("b", 1), row("gone", 1)], "2026-01-01");
  const fresh = table([row("b", 2), row("c", 2)], "2026-01-02");
  const lines = renewed(old, fresh, ["apt | c", "apt | a", "apt | b"]).trim().split("\n").slice(2);
  equal(
    lines.join("\n"),
    [
      "| apt | c | p | 2 | 2 fine | 1 | 2026-01-02 |",
      "| apt | a | p | 1 | 1 fine | 1 | 2026-01-01 |",
      "| apt | b | p | 2 | 2 fine | 1 | 2026-01-02 |",
    ].join("\n"),
  );
});
