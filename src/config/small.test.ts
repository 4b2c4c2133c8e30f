import assert from "node:assert/strict";
import { test } from "node:test";
import { cronFault } from "./cron.ts";
import { parseDuration } from "./duration.ts";
import { parseListen } from "./listen.ts";
import { mostSimilar } from "./similar.ts";

test("times", () => {
  const times = ["250ms", "30s", "90m", "24h", "7d", "0s"].map(parseDuration);
  assert.deepEqual(times, [250, 30_000, 5_400_000, 86_400_000, 604_800_000, 0]);
  for (const bad of ["", "24", "h", "1.5h", "-1h", "24 h", "1w", "10000000d"])
    assert.equal(parseDuration(bad), undefined, bad);
});

test("addresses to listen on", () => {
  assert.deepEqual(parseListen("0.0.0.0:80"), { host: "0.0.0.0", port: 80 });
  assert.deepEqual(parseListen("[::]:8080"), { host: "::", port: 8080 });
  assert.deepEqual(parseListen("mirror.example.org:0"), { host: "mirror.example.org", port: 0 });
  for (const bad of ["80", ":80", "::1:80", "a:65536", "a:b", "a", "http://a:80"])
    assert.equal(parseListen(bad), undefined, bad);
});

test("schedules that are fine", () => {
  for (const good of ["0 4 * * *", "*/15 0-6 1,15 jan-mar MON-FRI", " 5  4 * * 7 ", "0-30/10 * * * sun"])
    assert.equal(cronFault(good), undefined, good);
});

test("schedules that are not", () => {
  const bad = [
    "",
    "* * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
  ];
  for (const text of [
    ...bad,
    "*/0 * * * *",
    "*-3 * * * *",
    "a * * * *",
    "* * * * mon-",
    "1,,2 * * * *",
    "@daily",
  ])
    assert.notEqual(cronFault(text), undefined, text);
});

test("what a mistyped word meant", () => {
  const keys = ["upstream", "keyring", "signed-by", "keep", "skip"];
  assert.equal(mostSimilar("upstrem", keys), "upstream");
  assert.equal(mostSimilar("Keyrings", keys), "keyring");
  assert.equal(mostSimilar("signedby", keys), "signed-by");
  assert.equal(mostSimilar("keeep", keys), "keep");
  assert.equal(mostSimilar("sikp", keys), "skip");
  assert.equal(mostSimilar("components", keys), undefined);
});
