import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedKeys, rememberKeys } from "../channel/vendor-keys.ts";
import type { RecordedTrust } from "../snapshot/record.ts";
import { hash } from "../sync/rig.test-helper.ts";
import { vendorUnknown } from "./vendor.ts";
import { goOn, siteRig, sourceOf, takes, trusts } from "./sites.test-helper.ts";

test("a mirror that keys were accepted for never comes unsigned, not even where that would be accepted", async () => {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  await trusts(inner, outer);
  await goOn(outer, { a: "a one" });
  const sha256 = hash(inner.publicKey);
  const session = await inner.site.store.begin();
  await session.putBlob(Buffer.from(inner.publicKey), { digests: { sha256 } });
  await session.end();
  const keyrings = [{ name: "vendor.asc", sha256 }];
  const keys: RecordedTrust = { kind: "keys", keyrings, pinned: [], allowWeak: [] };
  await rememberKeys(inner.site, "toy", keys);
  const vendor = { configured: async () => undefined, accept: async () => true };
  await assert.rejects(takes(inner, sourceOf(outer), { vendor }), { code: "signature_missing" });
  assert.deepEqual(await acceptedKeys(inner.site.store, "toy"), keys);
});

test("other keys than those that were accepted are not to be accepted by --yes", () => {
  const error = vendorUnknown("toy", { changed: true });
  assert.match(error.message, /accepted for the mirror 'toy' do not prove.*at a terminal, without --yes/);
});
