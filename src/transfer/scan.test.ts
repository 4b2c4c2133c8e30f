import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findChannel } from "../channel/channels.ts";
import { lastImport } from "./import-record.ts";
import type { Scanner } from "./scan.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

/** A program that refuses what holds the word EVIL with 3, and writes down each call. */
function scannerOf(context: TestContext, site: SiteRig): Scanner & { calls(): string[] } {
  const home = mkdtempSync(join(tmpdir(), "sluice-scan-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const program = join(home, "look");
  const log = join(home, "log");
  writeFileSync(log, "");
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s %s %s\\n' "$1" "$#" "$SLUICE_PATH" >>${log}\n! grep -q EVIL "$2" || exit 3\n`,
  );
  chmodSync(program, 0o755);
  return {
    command: [program, "$(touch x); --flag"],
    file(sha256) {
      const path = join(home, sha256);
      writeFileSync(path, site.site.store.blobs.get(sha256)?.bytes ?? "EVIL");
      return path;
    },
    calls: () =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .toSorted((a, b) => (a < b ? -1 : 1)),
  };
}

async function pair(files: Record<string, string>): Promise<{ outer: SiteRig; inner: SiteRig; id: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  const id = await goOn(outer, files);
  await trusts(inner, outer);
  return { outer, inner, id };
}

test("each file is looked at once, before it shows, by a program that no shell starts; the record says so", async (context) => {
  const { outer, inner } = await pair({ a: "a", b: "b" });
  const scanner = scannerOf(context, inner);
  await takes(inner, sourceOf(outer), { scanner });
  const line = (path: string): string => `$(touch x); --flag 2 ${path}`;
  assert.deepEqual(scanner.calls(), ["a", "b", "index.json", "root.json"].map(line));
  await goOn(outer, { a: "a", c: "c" });
  await takes(inner, sourceOf(outer), { scanner });
  assert.deepEqual(
    scanner.calls().filter((call) => / [ac]$/.test(call)),
    ["a", "c"].map(line),
  );
  const record = await lastImport(inner.site.store, (await outer.site.author()).fingerprint);
  assert.deepEqual(record?.scan, { command: scanner.command, files: 3, refused: [] });
});

test("one file that is refused holds back the whole import, also when it is run again, and the log keeps the verdict", async (context) => {
  const { outer, inner, id } = await pair({ a: "a", b: "b" });
  const scanner = scannerOf(context, inner);
  await takes(inner, sourceOf(outer), { scanner });
  await goOn(outer, { a: "a two", bad: "EVIL" });
  for (let run = 0; run < 2; run++)
    await assert.rejects(takes(inner, sourceOf(outer), { scanner }), {
      code: "scan_refused",
      message: /did not pass toy: bad \(3\) of/,
    });
  assert.deepEqual((await findChannel(inner.site.store, "stable"))?.body.mirrors, { toy: id });
  const record = await lastImport(inner.site.store, (await outer.site.author()).fingerprint);
  assert.deepEqual(
    [record?.snapshots, record?.scan?.refused.map(({ path, exit }) => [path, exit])],
    [[], [["bad", 3]]],
  );
  // What was known before is still known: the next version is a step forward, and is taken.
  const third = await goOn(outer, { a: "a two" });
  await takes(inner, sourceOf(outer), { scanner, selection: { channels: ["stable"] } });
  assert.deepEqual((await findChannel(inner.site.store, "stable"))?.body.mirrors, { toy: third });
});

test("a program that cannot be run holds back everything", async (context) => {
  const { outer, inner } = await pair({ a: "a" });
  const scanner = { ...scannerOf(context, inner), command: ["/nonexistent/program"] };
  await assert.rejects(takes(inner, sourceOf(outer), { scanner }), { code: "program_missing" });
  assert.equal(await findChannel(inner.site.store, "stable"), undefined);
});
