import assert from "node:assert/strict";
import { test } from "node:test";
import { commitMove, planPromote } from "../channel/moves.ts";
import { listing, publish } from "../sync/rig.test-helper.ts";
import { siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

async function syncs(made: SiteRig, name: string, content: string): Promise<void> {
  made.now += 86_400_000;
  publish(made.upstream, made.now - 1000, { a: content });
  const outcome = await made.sync({ mirror: { ...made.mirror, name } });
  assert.equal(outcome.result, "updated");
  await commitMove(made.site, await planPromote(made.site.store, () => listing, "latest", "stable", []));
}

test("two mirrors of one sender never flow into one here", async () => {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  await trusts(inner, outer);
  await syncs(outer, "debian", "one");
  await takes(inner, sourceOf(outer), { as: new Map([["debian", "x"]]) });
  await syncs(outer, "x", "other");
  const only = { selection: { mirrors: ["x"] } };
  const taken = {
    code: "mirror_taken",
    message: /came from the site [0-9A-F]{40} as 'debian'.*--as x=OTHER/,
  };
  await assert.rejects(takes(inner, sourceOf(outer), only), taken);
  const done = await takes(inner, sourceOf(outer), { as: new Map([["x", "y"]]) });
  assert.match(done.snapshots.join(), /^y@/);
  await syncs(outer, "debian", "two");
  await syncs(outer, "x", "other two");
  const crossed = new Map([
    ["x", "x"],
    ["debian", "y"],
  ]);
  await assert.rejects(takes(inner, sourceOf(outer), { as: crossed }), { code: "mirror_taken" });
  const next = await takes(inner, sourceOf(outer));
  assert.match(next.snapshots.join(), /^x@[^,]+,y@[^,]+$/);
});
