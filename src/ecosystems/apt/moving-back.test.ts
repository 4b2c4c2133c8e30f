import assert from "node:assert/strict";
import { test } from "node:test";
import type { Claim } from "../contract.ts";
import { movingBack } from "./moving-back.ts";

function claim(root: string, date: number | undefined): Claim {
  return { root, date, signers: [], names: [], weak: [] };
}

test("says what clients do, and the command that helps, where a suite goes back", () => {
  const from = [
    claim("dists/stable", 2000),
    claim("dists/stable-updates", 2000),
    claim("dists/old_new/updates", 2000),
  ];
  const to = [
    claim("dists/stable", 1000),
    claim("dists/stable-updates", 2000),
    claim("dists/old_new/updates", 1000),
  ];
  const text = movingBack(from, to) ?? "";
  assert.match(text, /newer state of stable, old_new\/updates keep their lists/);
  assert.match(text, /goes on being served meanwhile, but not by `file:`\. To move them at once, run/);
  const lists = "/var/lib/apt/lists/*_dists_stable_* /var/lib/apt/lists/*_dists_old%5fnew_updates_*";
  assert.ok(text.includes(`\`rm -f ${lists} && apt-get update\``), text);
});

test("names the lists of flat repositories as apt does", () => {
  const roots = ["./", "ubuntu/noble/"];
  const text = movingBack(
    roots.map((root) => claim(root, 2000)),
    roots.map((root) => claim(root, 1000)),
  );
  assert.ok(text?.includes("rm -f /var/lib/apt/lists/*_._* /var/lib/apt/lists/*_ubuntu_noble_* &&"), text);
});

test("says nothing where no suite goes back, or nobody can know", () => {
  assert.equal(movingBack([claim("dists/stable", 1000)], [claim("dists/stable", 2000)]), undefined);
  assert.equal(movingBack([claim("dists/stable", 1000)], [claim("dists/stable", 1000)]), undefined);
  assert.equal(movingBack([claim("dists/stable", undefined)], [claim("dists/stable", 1000)]), undefined);
  assert.equal(movingBack([claim("dists/stable", 1000)], [claim("dists/stable", undefined)]), undefined);
  assert.equal(movingBack([], [claim("dists/stable", 1000)]), undefined);
});
