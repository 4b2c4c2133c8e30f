import assert from "node:assert/strict";
import { test } from "node:test";
import { combinedLine, logged, type AccessLine } from "./log.ts";

const line: AccessLine = {
  time: Date.UTC(2026, 10, 1, 4, 5, 6),
  remote: "192.0.2.7",
  method: "GET",
  target: '/m/c/a"b',
  httpVersion: "1.1",
  status: 200,
  bytes: 12,
  ms: 1.5,
  referer: "",
  agent: "Debian APT-HTTP/1.3 (3.0.3)",
  mirror: "m",
  at: "c",
  complete: true,
};

test("the combined format, as nginx writes it", () => {
  const wanted =
    '192.0.2.7 - - [01/Nov/2026:04:05:06 +0000] "GET /m/c/a\\"b HTTP/1.1" 200 12 "-" "Debian APT-HTTP/1.3 (3.0.3)"';
  assert.equal(combinedLine(line), wanted);
  const fault = { code: "blob_missing", message: "Gone." } as const;
  assert.equal(combinedLine({ ...line, fault }), `${wanted} "blob_missing: Gone."`);
});

test("each line has its own time and its own quotes, whatever stood in the one before", () => {
  const times = [0, 999, 1000, 0, 86_400_000].map((ms) => {
    return /\[(.*)\]/.exec(combinedLine({ ...line, time: line.time + ms }))?.[1]?.slice(0, 20);
  });
  const [first, next, day] = ["01/Nov/2026:04:05:06", "01/Nov/2026:04:05:07", "02/Nov/2026:04:05:06"];
  assert.deepEqual(times, [first, first, next, first, day]);
  const agents = ["a", '"', "\\", "b"].map((agent) =>
    combinedLine({ ...line, agent })
      .split(" ")
      .at(-1),
  );
  assert.deepEqual(agents, ['"a"', '"\\""', '"\\\\"', '"b"']);
});

test("neither query, credentials nor control characters are logged", () => {
  assert.equal(logged("http://user:secret@host/a?token=secret"), "http://host/a");
  assert.equal(logged("/a\u001b[31m\u009b\nb"), "/a?[31m??b");
  assert.equal(logged(undefined), "");
});
