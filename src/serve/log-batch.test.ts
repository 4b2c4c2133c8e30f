import assert from "node:assert/strict";
import { test } from "node:test";
import { logBatch } from "./log-batch.ts";
import { logSender } from "./log-sender.ts";
import type { AccessLine } from "./log.ts";

const line = (target: string): AccessLine => ({
  time: 0,
  remote: "192.0.2.7",
  method: "GET",
  target,
  httpVersion: "1.1",
  status: 200,
  bytes: 12,
  ms: 1.5,
  referer: "",
  agent: "",
  mirror: "",
  at: "",
  complete: true,
});

test("lines of one turn of the loop are written together, in whole lines and in order", async () => {
  const written: string[] = [];
  const batch = logBatch("combined", (text) => void written.push(text));
  for (const target of ["/a", "/b", "/c"]) batch.add(line(target));
  assert.equal(written.length, 0);
  await new Promise((resolve) => setImmediate(resolve));
  batch.add(line("/d"));
  batch.flush();
  assert.equal(written.length, 2);
  assert.deepEqual(
    [...written.join("").matchAll(/GET (\S+)/g)].map(([, target]) => target),
    ["/a", "/b", "/c", "/d"],
  );
  assert.ok(written.every((text) => text.endsWith("\n")));
});

test("as JSON, and not at all", async () => {
  const written: string[] = [];
  const json = logBatch("json", (text) => void written.push(text));
  json.add(line("/a"));
  json.flush();
  assert.deepEqual(JSON.parse(written.join("")), { event: "request", ...line("/a") });
  const none = logBatch("none", (text) => void written.push(text));
  none.add(line("/a"));
  none.flush();
  assert.equal(written.length, 1);
});

test("a reader that is slow gets what came meanwhile in one piece, and is told what was too much", async () => {
  const arrived: string[] = [];
  let arrive = Promise.withResolvers<void>();
  const sender = logSender(async (text) => {
    arrived.push(text);
    await arrive.promise;
  }, 10);
  sender.send("one\n");
  for (const text of ["two\n", "three\n", "4\n5\n", "six\n"]) sender.send(text);
  assert.deepEqual(arrived, ["one\n"]);
  arrive.resolve();
  await sender.drained();
  assert.deepEqual(arrived, [
    "one\n",
    "two\nthree\nsluice: 3 lines of the log are lost: its reader is too slow\n",
  ]);
  sender.send("seven\n");
  await sender.drained();
  assert.equal(arrived.at(-1), "seven\n");
});
