import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "./context.ts";
import { captureIo } from "./capture.test-helper.ts";
import { createOutput } from "./output.ts";
import { confirmTrust } from "./prompt.ts";

test("where nobody can be asked, a question of several lines is shown line by line, and trust is not given", async () => {
  const io = captureIo();
  const options = { json: false, quiet: true, yes: false };
  const signal = new AbortController().signal;
  const context: Context = { io, options, output: createOutput(io, options), signal, fail: () => undefined };
  assert.equal(await confirmTrust(context, "These keys:\none\u001B[2J"), false);
  assert.equal(io.stderr(), "sluice: warning: These keys:\n  one?[2J\n");
});
