import assert from "node:assert/strict";
import { test } from "node:test";
import { lacksOf } from "./client-lacks.ts";
import { parseRelease } from "./release.ts";
import { optionsOf } from "./repository.test-helper.ts";

const FIELDS = "Components: main contrib updates/more\nArchitectures: all amd64 arm64 i386\n";
const PATHS = `SHA256:\n ${"0".repeat(64)} 1 main/binary-amd64/Packages\n ${"0".repeat(64)} 1 updates/contrib/binary-i386/Packages\n`;

for (const { what, text, more, lacks } of [
  {
    what: "components by the last part of their names, and architectures without `all`",
    text: FIELDS,
    more: { components: ["main"], architectures: ["amd64"] },
    lacks: { components: ["contrib", "more"], architectures: ["arm64", "i386"] },
  },
  {
    what: "nothing where all is taken",
    text: FIELDS,
    more: { components: ["updates/main", "contrib", "more"], architectures: ["amd64", "arm64", "i386"] },
    lacks: { components: [], architectures: [] },
  },
  {
    what: "no component where none is named",
    text: FIELDS,
    more: { components: undefined, architectures: ["amd64", "arm64", "i386"] },
    lacks: { components: [], architectures: [] },
  },
  {
    what: "what its paths name where Release has no such fields",
    text: PATHS,
    more: { components: ["main"], architectures: ["amd64"] },
    lacks: { components: ["contrib"], architectures: ["i386"] },
  },
])
  test(`a mirror lacks ${what}`, () => {
    const release = parseRelease(`Suite: stable\n${text}`, "Release");
    assert.deepEqual(lacksOf({ release }, optionsOf(more)), lacks);
  });
