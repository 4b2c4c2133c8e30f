import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLog, writeLog } from "./audit-log.ts";
import { trustedKeys } from "./known-sites.ts";
import { goOn, siteRig, sourceOf, takes, trusts, type SiteRig } from "./sites.test-helper.ts";

async function log(prefix = ""): Promise<{ outer: SiteRig; inner: SiteRig; text: string; key: string }> {
  const [outer, inner] = await Promise.all([siteRig(), siteRig()]);
  await goOn(outer, { a: "a one" });
  await goOn(outer, { a: "a two" });
  await trusts(inner, outer);
  await takes(inner, sourceOf(outer));
  const key = (await inner.site.author()).fingerprint;
  return { outer, inner, text: await writeLog(inner.site, prefix), key };
}

test("a log is proven by a key alone, and holds the records of those that were imported from", async () => {
  const { outer, text, key } = await log();
  const found = await checkLog(text, new Set([key]));
  assert.deepEqual(found.faults, []);
  assert.equal(found.lines.length, found.records);
  assert.deepEqual(found.others, [(await outer.site.author()).fingerprint]);
  assert.ok(
    found.lines.some(({ ref, why }) => ref.startsWith("imports/") && why === "import medium the medium"),
  );
  const some = await log("channels");
  const part = await checkLog(some.text, await trustedKeys(some.inner.site.store));
  assert.deepEqual(
    [...new Set(part.lines.map(({ ref }) => ref.replace(/sites\/\w+/, "sites/…")))].toSorted(),
    ["channels/latest", "channels/stable", "identity", "sites/…/identity"],
  );
});

test("a stranger's log, one that is cut, and one with any altered or missing line are refused", async () => {
  const { outer, text, key } = await log();
  const refuses = async (altered: string, trusted = key): Promise<void> => {
    await assert.rejects(checkLog(altered, new Set([trusted])), { code: "log_invalid" });
  };
  await refuses(text, (await outer.site.author()).fingerprint);
  const lines = text.trimEnd().split("\n");
  for (let at = 0; at < lines.length; at++) {
    await refuses(`${lines.toSpliced(at, 1).join("\n")}\n`);
    await refuses(`${lines.with(at, (lines[at] ?? "").replace("root@test", "root@tesu")).join("\n")}\n`);
  }
  await refuses("");
});

test("a record that is not genuine is named, though the log as such is", async () => {
  const { inner, key } = await log();
  const versions = inner.site.store.refs.get("channels/stable");
  versions?.set(1, Buffer.from(String(versions.get(1)).replace("root@test", "root@tesu")));
  const { faults } = await checkLog(await writeLog(inner.site, ""), new Set([key]));
  assert.match(faults.join("\n"), /refs\/channels\/stable\/1\.json: its signature does not match/);
});

test("a closing line that has no canonical form was signed by nobody", async () => {
  const { text, key } = await log();
  for (const odd of ['"\\ud800"', `${"[".repeat(5000)}${"]".repeat(5000)}`])
    await assert.rejects(checkLog(text.replace('"format":1', `"format":1,"odd":${odd}`), new Set([key])), {
      code: "log_invalid",
    });
});
