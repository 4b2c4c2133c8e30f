import { test } from "node:test";
import { equal, match } from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sluiceSite } from "../../clients/sluice.ts";

const FIXTURE = join(import.meta.dirname, "../../fixtures/gap/format-1");

test("a bundle that brings nothing new is read once, also where another one like it lies there", async () => {
  await using site = await sluiceSite("inner", undefined, true);
  await site.configure({}, { imports: { m: { keyring: [join(FIXTURE, "vendor.gpg")] } } });
  await site.ok("key", "trust", join(FIXTURE, "sender.asc"), "--yes");
  await site.ok("import", join(FIXTURE, "medium"));
  const drop = join(site.home, "drop");
  for (const name of ["one", "two"])
    await cp(join(FIXTURE, "bundle-3"), join(drop, name), { recursive: true });
  const watch = site.start("import", "--watch", drop, "--json");
  const noted = async (): Promise<boolean> => /\nbundles 2 /.test((await site.ok("receipt")).stdout);
  for (let left = 30; left > 0 && !(await noted()); left--) await sleep(500);
  // Time for the other one, and for either to be read again.
  await sleep(4000);
  watch.kill("SIGTERM");
  const { stdout, stderr } = await watch.done;
  equal(stdout.match(/"unchanged"/g)?.length, 1, `${stdout}\n${stderr}`);
});

test("a drop folder that comes late, and one for what was taken that cannot be made, do not end the watch", async () => {
  await using site = await sluiceSite("inner", undefined, true);
  await site.configure({}, { imports: { m: { keyring: [join(FIXTURE, "vendor.gpg")] } } });
  await site.ok("key", "trust", join(FIXTURE, "sender.asc"), "--yes");
  const [drop, done] = [join(site.home, "drop"), join(site.home, "done")];
  await writeFile(done, "not a folder");
  const watch = site.start("import", "--watch", drop, "--done", done);
  await sleep(3000);
  for (const name of ["bundle-2", "bundle-3"])
    await cp(join(FIXTURE, name), join(drop, name), { recursive: true });
  for (let left = 40; left > 0 && (await site.ids("m").catch(() => [])).length < 2; left--) await sleep(500);
  watch.kill("SIGTERM");
  const { code, stderr } = await watch.done;
  equal(code, 0, stderr);
  equal(stderr.match(/drop cannot be read \(ENOENT\)/g)?.length, 1, stderr);
  match(stderr, /cannot be moved to .* \(ENOTDIR\)/);
  equal((await site.ids("m")).length, 2);
});
