import assert from "node:assert/strict";
import { test } from "node:test";
import { captureIo } from "./capture.test-helper.ts";
import { runCli } from "./run.ts";

test("help is printed on stdout with status 0, a missing command on stderr with status 2", async () => {
  const asked = captureIo();
  assert.equal(await runCli(["--help"], asked), 0);
  assert.match(asked.stdout(), /^Usage: sluice/);
  const missing = captureIo();
  assert.equal(await runCli([], missing), 2);
  assert.match(missing.stderr(), /^Usage: sluice/);
  assert.doesNotMatch(missing.stderr(), /error\[/);
  assert.equal(missing.stdout(), "");
});

test("a wrong option is one sentence with code and hint, and status 2", async () => {
  const io = captureIo();
  assert.equal(await runCli(["init", "--from-atp"], io), 2);
  assert.equal(
    io.stderr(),
    "sluice: error[usage]: Unknown option '--from-atp'.\n  hint: Did you mean --from-apt?\n",
  );
  assert.equal(io.stdout(), "");
});

test("a wrong command is named", async () => {
  const io = captureIo();
  assert.equal(await runCli(["initt"], io), 2);
  assert.equal(io.stderr(), "sluice: error[usage]: Unknown command 'initt'.\n  hint: Did you mean init?\n");
});

test("under --json the last line of stdout is the error, wherever --json stands", async () => {
  for (const args of [
    ["--json", "init", "--no"],
    ["init", "--no", "--json"],
  ]) {
    const io = captureIo();
    assert.equal(await runCli(args, io), 2);
    assert.deepEqual(JSON.parse(io.stdout()), {
      error: { code: "usage", message: "Unknown option '--no'.", hint: "See `sluice help`." },
    });
  }
});

test("every command loads what runs it, and asks for a config", async () => {
  const lines = [
    ["sync"],
    ["list"],
    ["show", "m"],
    ["diff", "m@a", "m@b"],
    ["promote", "latest", "stable"],
    ["rollback", "stable"],
    ["verify"],
    ["snapshot", "pin", "m@a"],
    ["snapshot", "unpin", "m@a"],
    ["snapshot", "remove", "m@a"],
    ["serve"],
    ["client", "m"],
    ["gc"],
    ["audit"],
    ["key", "show"],
    ["key", "export"],
  ];
  for (const line of lines) {
    const io = captureIo();
    assert.equal(await runCli([...line, "--config", "/nonexistent/sluice.yaml"], io), 2, line.join(" "));
    assert.match(io.stderr(), /^sluice: error\[config_missing\]: /, line.join(" "));
  }
});
