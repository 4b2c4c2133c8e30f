import assert from "node:assert/strict";
import { test } from "node:test";
import { aptOptions, checkAptOptions } from "./options.ts";

const least = { suites: ["stable"], architectures: ["amd64"] };

test("has defaults, and gives plain JSON that it takes again", () => {
  const parsed = aptOptions.parse(least);
  assert.deepEqual(parsed, {
    ...least,
    languages: ["en"],
    sources: false,
    udebs: false,
    installer: false,
    contents: true,
    dep11: true,
    icons: ["48x48", "64x64"],
    cnf: true,
    "allow-suite-mismatch": false,
  });
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
    { suites: ["./", "/", "ubuntu/noble/", "./x86_64/"] },
    { icons: ["64x64@2"] },
    { icons: "all" },
    { icons: "none" },
    { icons: [] },
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
    { suites: ["../"] },
    { suites: ["/stable/"] },
    { suites: ["stable//"] },
    { suites: ["./../x/"] },
    { suites: ["//"] },
    { icons: ["64"] },
    { icons: ["../64x64"] },
    { icons: "64x64" },
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

test("says of a flat repository that it has no components", () => {
  const faults = (more: object) =>
    checkAptOptions({ ...aptOptions.parse({ ...least, ...more }), mode: "verbatim" });
  const [fault, ...rest] = faults({ suites: ["./"], components: ["main"] });
  assert.deepEqual(rest, []);
  assert.deepEqual(fault?.path, ["components"]);
  assert.match(fault.message, /'\.\/' is a flat repository/);
  assert.deepEqual(faults({ suites: ["./", "tools/"] }), []);
  assert.deepEqual(faults({ suites: ["./", "stable"], components: ["main"] }), []);
  assert.deepEqual(faults({}), []);
});
