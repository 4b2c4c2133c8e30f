import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { test } from "node:test";
import type { SluiceEvent } from "../base/events.ts";
import { type Captured, captureIo } from "./capture.test-helper.ts";
import { createProgress } from "./progress.ts";

const moved = (files: number, mirror = "debian"): SluiceEvent => ({
  event: "progress",
  mirror,
  files,
  totalFiles: 10,
  bytes: files * 1_000_000,
  totalBytes: 10_000_000,
});

/** What a terminal shows in the end: escape sequences for "up n, erase below" carried out. */
function screen(io: Captured): string[] {
  const lines: string[] = [""];
  // oxlint-disable-next-line no-control-regex
  for (const part of io.stderr().split(/(\u001b\[\d+A\u001b\[0J|\n)/)) {
    // oxlint-disable-next-line no-control-regex
    const up = /^\u001b\[(\d+)A/.exec(part);
    if (up !== null) lines.splice(lines.length - 1 - Number(up[1]), Infinity, "");
    else if (part === "\n") lines.push("");
    else lines[lines.length - 1] += stripVTControlCharacters(part);
  }
  return lines.slice(0, -1);
}

test("off a terminal progress is a line now and then, with rate and time left", () => {
  const io = captureIo();
  const { emit } = createProgress(io, { json: false, quiet: false });
  for (let files = 0; files < 10; files++) {
    emit(moved(files));
    io.tick(4000);
  }
  emit(moved(10));
  assert.deepEqual(io.stderr().trimEnd().split("\n"), [
    "debian  30 %  3/10 files  3.0 MB of 10.0 MB  250 kB/s, 0:28 left",
    "debian  60 %  6/10 files  6.0 MB of 10.0 MB  250 kB/s, 0:16 left",
    "debian  90 %  9/10 files  9.0 MB of 10.0 MB  250 kB/s, 0:04 left",
  ]);
  assert.equal(io.stdout(), "");
});

test("what a filter left out is a line, with what matches nothing", () => {
  const io = captureIo();
  const { emit } = createProgress(io, { json: false, quiet: false });
  emit({ event: "filtered", mirror: "debian", listed: 10, left: 3, unmatched: [] });
  emit({ event: "filtered", mirror: "debian", listed: 1, left: 0, unmatched: ["gmes", "*-dbg"] });
  assert.deepEqual(io.stderr().trimEnd().split("\n"), [
    "debian: left out 3 of 10 packages",
    "debian: left out 0 of 1 package; nothing matches `gmes`, `*-dbg`",
  ]);
});

test("on a terminal each mirror has one line, cut to its width, and warnings stay above", () => {
  const io = captureIo({ tty: true, env: { NO_COLOR: "1" } });
  const progress = createProgress(io, { json: false, quiet: false });
  progress.emit({ event: "phase", mirror: "debian", phase: "roots" });
  progress.emit({ event: "phase", mirror: "ubuntu", phase: "fetch" });
  progress.emit({ event: "warning", mirror: "debian", code: "notice", message: "odd\u001b[31m" });
  io.tick(1000);
  progress.emit(moved(1));
  io.tick(1000);
  progress.emit(moved(5));
  assert.deepEqual(screen(io), [
    "sluice: warning: debian: odd?[31m",
    "debian  50 %  5/10 files  5.0 MB of 10.0 MB  4.0 MB/s, 0:01",
    "ubuntu  fetching …",
  ]);
  progress.finish("debian", () => io.err.write("debian: done\n"));
  assert.deepEqual(screen(io).slice(1), ["debian: done", "ubuntu  fetching …"]);
  progress.done();
  assert.deepEqual(screen(io).slice(1), ["debian: done"]);
});

test("on a terminal the lines are not drawn for every event", () => {
  const io = captureIo({ tty: true });
  const { emit } = createProgress(io, { json: false, quiet: false });
  for (let files = 0; files < 9; files++) emit(moved(files));
  assert.equal(io.stderr().split("\n").length, 2);
});

test("--json gives each event as a line on stdout, progress not more often than twice a second", () => {
  const io = captureIo();
  const { emit } = createProgress(io, { json: true, quiet: false });
  emit({ event: "phase", mirror: "debian", phase: "fetch" });
  for (let files = 0; files <= 10; files++) {
    emit(moved(files));
    io.tick(100);
  }
  const events = io
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as SluiceEvent);
  assert.deepEqual(
    events.map((event) => (event.event === "progress" ? event.files : event.event)),
    ["phase", 0, 5, 10],
  );
  assert.equal(io.stderr(), "");
});

test("--quiet leaves only warnings", () => {
  const io = captureIo();
  const { emit } = createProgress(io, { json: false, quiet: true });
  emit({ event: "signers", mirror: "debian", root: "dists/x", signers: [], weak: [] });
  emit(moved(1));
  emit({ event: "warning", code: "notice", message: "look here" });
  assert.equal(io.stderr(), "sluice: warning: look here\n");
});

test("who signed is told once and stays", () => {
  const io = captureIo();
  const { emit } = createProgress(io, { json: false, quiet: false });
  const signers = [{ fingerprint: "ABCD", userId: "Vendor <v@example.org>" }];
  emit({ event: "signers", mirror: "debian", root: "dists/x", signers, weak: ["sha1"] });
  assert.equal(io.stderr(), "debian: dists/x signed by Vendor <v@example.org> (ABCD); weak: sha1\n");
});
