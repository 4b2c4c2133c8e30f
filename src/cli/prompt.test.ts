import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "./context.ts";
import { captureIo } from "./capture.test-helper.ts";
import { createOutput } from "./output.ts";
import { confirmOtherTrust, confirmTrust } from "./prompt.ts";

function unattended(yes: boolean): { io: ReturnType<typeof captureIo>; context: Context } {
  const io = captureIo();
  const options = { json: false, quiet: true, yes };
  const signal = new AbortController().signal;
  return { io, context: { io, options, output: createOutput(io, options), signal, fail: () => undefined } };
}

test("where nobody can be asked, a question of several lines is shown line by line, and trust is not given", async () => {
  const { io, context } = unattended(false);
  assert.equal(await confirmTrust(context, "These keys:\none\u001B[2J"), false);
  assert.equal(io.stderr(), "sluice: warning: These keys:\n  one?[2J\n");
});

test("--yes gives trust for the first time, and never takes other keys instead of those that were trusted", async () => {
  const { io, context } = unattended(true);
  assert.equal(await confirmTrust(context, "These keys:\none"), true);
  assert.equal(await confirmOtherTrust(context, "Other keys:\ntwo"), false);
  assert.match(io.stderr(), /Other keys:\n {2}two\n/);
});
