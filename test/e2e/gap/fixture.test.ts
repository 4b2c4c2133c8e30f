import { suite, test } from "node:test";
import { deepEqual, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sluiceSite } from "../../clients/sluice.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/gap");

// Never made anew: what an older version wrote must be taken in by every later one. A new format gets a folder of its own, by make.ts beside them.
suite("bundles and media of every format that there has been", () => {
  for (const format of readdirSync(FIXTURES).filter((name) => name.startsWith("format-"))) {
    const at = (name: string): string => join(FIXTURES, format, name);

    async function inner() {
      const site = await sluiceSite("inner", undefined, true);
      await site.configure({}, { imports: { m: { keyring: [at("vendor.gpg")] } } });
      await site.ok("key", "trust", at("sender.asc"), "--yes");
      return site;
    }

    test(`${format}: two bundles, the second on top of the first`, async () => {
      await using site = await inner();
      match(
        (await site.ok("import", "--check", at("bundle-2"), at("bundle-3"))).stdout,
        /every byte is as it was/,
      );
      await site.ok("import", at("bundle-3"), at("bundle-2"));
      deepEqual((await site.ids("m")).length, 2);
      await site.ok("verify");
      await site.ok("audit");
    });

    test(`${format}: a medium`, async () => {
      await using site = await inner();
      await site.ok("import", at("medium"));
      deepEqual((await site.ids("m")).length, 1);
      await site.ok("verify");
      await site.ok("audit");
    });
  }
});
