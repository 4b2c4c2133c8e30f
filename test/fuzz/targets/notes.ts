import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readScrubRecord } from "../../../src/serve/scrub-record.ts";
import { resumeState } from "../../../src/transfer/bundle/state.ts";
import { SUMS } from "../apt-words.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** Notes that Sluice leaves itself beside a store or a bundle: what is damaged is as if it were not there. */
export async function open(): Promise<Target> {
  const home = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  const folder = join(home, "bundle");
  mkdirSync(folder);
  return {
    seeds: [
      JSON.stringify({
        format: 1,
        now: { begun: 1, bytes: 2, found: 0, at: { phase: "blobs", after: "ab" } },
        last: { begun: 1, bytes: 1, found: 0, ended: 2 },
      }),
      JSON.stringify({
        bundle: SUMS,
        parts: [{ n: 1, name: `${"ab".repeat(16)}.tar`, size: 1, sha256: SUMS }],
      }),
    ],
    json: "whole",
    words: [
      "format",
      "now",
      "last",
      "at",
      "phase",
      "after",
      "records",
      "snapshots",
      "bundle",
      "parts",
      "name",
      "size",
      "../x",
    ],
    async run(input) {
      writeFileSync(join(home, "scrub.json"), input);
      writeFileSync(join(folder, ".sluice-export.json"), input);
      const { now } = await readScrubRecord(home);
      must(
        now === undefined || (Number.isSafeInteger(now.bytes) && typeof now.at.after === "string"),
        "what is read is whole",
      );
      await resumeState(folder, SUMS);
    },
  };
}
