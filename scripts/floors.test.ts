import assert from "node:assert/strict";
import { test } from "node:test";
import { floorFaults, readSources } from "./floors.ts";

const faults = (path: string, text: string): string[] => floorFaults([{ path, text }]);

test("imports from below and from the own folder are fine", () => {
  const text = `import { a } from "../base/names.ts";
import type { b } from "./plan.ts";
import { readFile } from "node:fs/promises";
const c = await import("../channel/moves.ts");
`;
  assert.deepEqual(faults("src/sync/run.ts", text), []);
});

const REFUSED: readonly [path: string, text: string, why: RegExp][] = [
  ["src/base/a.ts", 'import { x } from "../store/contract.ts";', /base does not stand above store/],
  ["src/store/a.ts", 'import { x } from "../upstream/contract.ts";', /store does not stand above upstream/],
  ["src/channel/a.ts", 'export * from "../config/types.ts";', /channel does not stand above config/],
  ["src/sync/a.ts", 'const x = await import("../cli/run.ts");', /sync does not stand above cli/],
  [
    "src/sync/a.ts",
    'import {\n  type X,\n  y,\n} from "../serve/http.ts";',
    /sync does not stand above serve/,
  ],
  ["src/sync/a.ts", 'import "../serve/http.ts";', /sync does not stand above serve/],
  ["src/sync/a/b/c.ts", 'import { x } from "../../../serve/http.ts";', /sync does not stand above serve/],
  ["src/ecosystems/apt/a.ts", 'import { x } from "../rpm/index.ts";', /an ecosystem imports/],
  ["src/ecosystems/apt/a.ts", 'import { x } from "../../store/contract.ts";', /an ecosystem imports/],
  ["src/ecosystems/apt/a.ts", 'import { x } from "../../upstream/http.ts";', /an ecosystem imports/],
  ["src/ecosystems/apt/a.ts", 'import { x } from "undici";', /an ecosystem imports/],
  ["src/ecosystems/apt/a.ts", 'import { x } from "node:fs";', /an ecosystem imports/],
  ["src/sync/a.ts", 'import { x } from "./toy.test-helper.ts";', /only tests import test helpers/],
  ["src/attic/a.ts", "", /no floor/],
  ["scripts/a.ts", "\n".repeat(501), /has 501 lines/],
];

for (const [path, text, why] of REFUSED)
  test(`found: ${path} with ${text.slice(0, 60).trim() || "no import"}`, () => {
    const found = faults(path, text);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", why);
  });

test("an ecosystem may import formats, trust, base, the contracts and zod; a test may import anything", () => {
  const text = `import { z } from "zod";
import { a } from "../../formats/tar.ts";
import { b } from "../contract.ts";
import { c } from "../../upstream/contract.ts";
import { d } from "./options.ts";
`;
  assert.deepEqual(faults("src/ecosystems/apt/a.ts", text), []);
  assert.deepEqual(
    faults("src/ecosystems/apt/a.test.ts", 'import { x } from "../../store/directory.ts";'),
    [],
  );
});

test("the sources of this project are read", async () => {
  const paths = (await readSources(`${import.meta.dirname}/..`)).map(({ path }) => path);
  assert.ok(paths.includes("src/base/errors.ts") && paths.includes("scripts/floors.ts"), paths.join());
});
