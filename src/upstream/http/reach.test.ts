import assert from "node:assert/strict";
import { test } from "node:test";
import { hostList } from "./hosts.ts";
import { reachOf } from "./reach.ts";

const reach = (url: string, ...listed: string[]) => reachOf(new URL(url), hostList(listed));

test("an upstream that was not reached yet counts as public", () => {
  const { allows } = reach("http://deb.example.org/", "10.0.0.5", "cdn.internal");
  assert.deepEqual(["8.8.8.8", "10.0.0.5", "10.0.0.6"].map(allows), [true, true, false]);
});

test("an upstream inside may lead inside", () => {
  for (const url of ["http://127.0.0.1/", "http://[fd00::1]/", "http://localhost/"])
    assert.equal(reach(url).allows("10.0.0.6"), true);
  const named = reach("http://deb.example.org/");
  named.note("10.1.1.1");
  assert.equal(named.allows("10.0.0.6"), true);
});

test("the first connection settles it", () => {
  const turns = reach("http://deb.example.org/");
  turns.note("8.8.8.8");
  turns.note("127.0.0.1");
  assert.equal(turns.allows("127.0.0.1"), false);
  const literal = reach("http://8.8.8.8/");
  literal.note("127.0.0.1");
  assert.equal(literal.allows("127.0.0.1"), false);
});
