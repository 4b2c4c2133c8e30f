import { test } from "node:test";
import { equal } from "node:assert/strict";
import { cp } from "node:fs/promises";
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
