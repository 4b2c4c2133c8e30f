import assert from "node:assert/strict";
import { before, test } from "node:test";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import { buildSuite, memoryUpstream, optionsOf, stanza } from "./repository.test-helper.ts";
import { enumerate } from "./walk.ts";

let key: TestKey;
before(async () => (key = await makeKey()));

async function filtered(indices: Record<string, string>, more: Record<string, unknown>): Promise<unknown> {
  const upstream = memoryUpstream(
    await buildSuite(key, { indices, fields: { Architectures: "all amd64 arm64" } }),
  );
  const steps = await Array.fromAsync(enumerate(upstream, optionsOf(more), key.trust));
  assert.equal(steps.slice(0, -1).filter((step) => step !== "unchanged" && "filtered" in step).length, 0);
  const last = steps.at(-1);
  return typeof last === "object" && "filtered" in last ? last.filtered : undefined;
}

const data = stanza("data", { Architecture: "all", Section: "games" });
const amd64 = stanza("tool") + stanza("chess", { Section: "games" });
const arm64 = amd64.replaceAll("Architecture: amd64", "Architecture: arm64").replaceAll("_amd64", "_arm64");

test("a filter tells what it left out of what, a package for all architectures once, and what matches nothing", async () => {
  const skip = { sections: ["games", "gmes"], packages: ["to*", "*-dbgsym"] };
  const apart = {
    "main/binary-amd64/Packages": amd64 + data,
    "main/binary-arm64/Packages": arm64 + data,
    "main/binary-all/Packages": data,
    "contrib/binary-amd64/Packages": stanza("more", { Section: "contrib/libs" }),
    "contrib/binary-arm64/Packages": "",
  };
  const both = { mode: "sparse", architectures: ["amd64", "arm64"] };
  const unmatched = ["gmes", "*-dbgsym"];
  assert.deepEqual(await filtered(apart, { ...both, skip }), { listed: 6, left: 5, unmatched });
  assert.deepEqual(await filtered(apart, { ...both, skip: { packages: ["x"] } }), {
    listed: 6,
    left: 0,
    unmatched: ["x"],
  });
  const { "main/binary-all/Packages": _all, ...together } = apart;
  assert.deepEqual(await filtered(together, { ...both, skip }), { listed: 6, left: 5, unmatched });
  const only = { packages: ["tool"] };
  assert.deepEqual(await filtered(apart, { mode: "sparse", only }), { listed: 4, left: 3, unmatched: [] });
});

test("without a filter there is nothing to tell", async () => {
  const indices = { "main/binary-amd64/Packages": amd64, "contrib/binary-amd64/Packages": "" };
  assert.equal(await filtered(indices, { mode: "sparse" }), undefined);
  assert.equal(await filtered(indices, { skip: { sections: ["games"] } }), undefined);
});
