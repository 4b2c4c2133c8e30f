import assert from "node:assert/strict";
import { test } from "node:test";
import { aptOptions, checkAptOptions } from "./options.ts";

const least = { suites: ["stable"], architectures: ["amd64"] };

test("has defaults, and gives plain JSON that it takes again", () => {
  const parsed = aptOptions.parse(least);
  assert.deepEqual(parsed, { ...least, languages: ["en"], "allow-suite-mismatch": false });
  assert.deepEqual(aptOptions.parse(JSON.parse(JSON.stringify(parsed))), parsed);
});

test("takes the names that vendors use", () => {
  for (const more of [
    { suites: ["bookworm-updates", "stretch/updates", "noble", "10.x~rc+1", "cloud-sdk-bookworm"] },
    { components: ["main", "updates/main", "non-free-firmware"] },
    { architectures: ["all", "amd64", "hurd-i386", "musl-linux-armhf"] },
    { languages: ["en", "pt_BR", "sr@latin"] },
    { languages: "none" },
    { languages: "all" },
    { languages: [] },
  ]) {
    assert.ok(aptOptions.safeParse({ ...least, ...more }).success, JSON.stringify(more));
  }
});

test("refuses names that are paths to elsewhere, or no names", () => {
  for (const more of [
    { suites: [] },
    { suites: [".."] },
    { suites: ["../../etc"] },
    { suites: ["/stable"] },
    { suites: ["sta ble"] },
    { suites: ["stable\n"] },
    { suites: ["st%61ble"] },
    { suites: [""] },
    { components: [] },
    { components: ["main;rm"] },
    { components: ["main/.."] },
    { architectures: [] },
    { architectures: ["AMD64"] },
    { architectures: ["../amd64"] },
    { languages: ["../en"] },
    { languages: "en" },
    { "allow-suite-mismatch": "yes" },
  ]) {
    assert.ok(!aptOptions.safeParse({ ...least, ...more }).success, JSON.stringify(more));
  }
});

test("says of a flat repository that it cannot be mirrored, and where it stands", () => {
  for (const flat of ["./", "/", "stable/"]) {
    const options = aptOptions.parse({ ...least, suites: ["stable", flat] });
    const [fault, ...more] = checkAptOptions({ ...options, mode: "verbatim" });
    assert.deepEqual(more, []);
    assert.deepEqual(fault?.path, ["suites", 1]);
    assert.match(fault.message, /cannot mirror flat repositories/);
  }
  assert.deepEqual(checkAptOptions({ ...aptOptions.parse(least), mode: "verbatim" }), []);
});
