import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadConfig } from "../config/load.ts";
import { captureIo } from "./capture.test-helper.ts";
import { runCli } from "./run.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-init-"));
});
after(async () => rm(folder, { recursive: true }));

test("init writes a config that loads, and says where", async () => {
  const path = join(folder, "sluice.yaml");
  const io = captureIo();
  assert.equal(await runCli(["init", "--output", path, "--data", join(folder, "data")], io), 0);
  assert.equal(io.stdout(), `Wrote ${path}: add a mirror to it, then run \`sluice sync\`.\n`);
  const config = await loadConfig(path);
  assert.equal(config.data, join(folder, "data"));
  assert.deepEqual(config.mirrors, []);
});

test("init does not replace a file, unless told to", async () => {
  const path = join(folder, "mine.yaml");
  await writeFile(path, "mine");
  const io = captureIo();
  assert.equal(await runCli(["init", "--output", path], io), 2);
  assert.match(io.stderr(), /error\[usage\]: '.*mine\.yaml' exists already/);
  assert.equal(await readFile(path, "utf8"), "mine");
  assert.equal(await runCli(["init", "--yes", "--output", path], captureIo()), 0);
  assert.notEqual(await readFile(path, "utf8"), "mine");
});

test("init --json gives one object", async () => {
  const io = captureIo();
  const path = join(folder, "json.yaml");
  assert.equal(await runCli(["init", "--json", "--output", path], io), 0);
  assert.deepEqual(JSON.parse(io.stdout()), { file: path, mirrors: [], skipped: [] });
});
