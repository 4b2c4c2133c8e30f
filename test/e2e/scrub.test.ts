import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../src/serve/site.test-helper.ts";
import { openDirectoryStore } from "../../src/store/directory/open.ts";
import { blobFile, flipBit } from "../../src/store/directory/temp.test-helper.ts";
import { sluiceSite, type Served, type SluiceSite } from "../clients/sluice.ts";
import { Cleanup } from "../temp.ts";

const SCRUB = { scrub: { rate: "unlimited", every: "1s" } };

describe("the scrub of `sluice serve`", () => {
  const cleanup = new Cleanup();
  after(() => cleanup.run());

  /** A site with some blobs, of which the one that is named is bad. */
  async function damagedSite(): Promise<{ site: SluiceSite; bad: string }> {
    const site = cleanup.use(await sluiceSite("scrub"));
    const store = await openDirectoryStore(site.data);
    const session = await store.begin();
    const bytes = [1, 2, 3].map((at) => Buffer.from(`blob ${at}`));
    const [, second] = await Promise.all(bytes.map(async (one) => session.putBlob(one, { digests: {} })));
    await session.end();
    await store.close();
    const bad = second?.sha256 ?? "";
    flipBit(blobFile(site.data, bad));
    return { site, bad };
  }

  async function metrics(served: Served): Promise<Map<string, string>> {
    const page = (await ask(served.url, "/_/metrics")).body.toString();
    return new Map(page.split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
  }

  async function until(served: Served, name: string, value: string | undefined): Promise<void> {
    for (let attempt = 0; attempt < 600; attempt++) {
      if ((await metrics(served)).get(name) === value) return;
      await sleep(50);
    }
    assert.fail(`${name} never was ${value}`);
  }

  for (const workers of [1, 2])
    test(`${workers} worker(s): a bad blob is told on standard error and in the metrics, and is in quarantine`, async () => {
      const { site, bad } = await damagedSite();
      await site.configure({}, { ...SCRUB, workers });
      const served = await site.serve();
      await until(served, "sluice_scrub_last_findings", "1");
      await until(served, "sluice_scrub_last_findings", "0");
      const all = await metrics(served);
      assert.equal(all.get('sluice_scrub_findings_total{code="blob_corrupt"}'), "1");
      assert.ok(Number(all.get("sluice_scrub_read_bytes_total")) >= 18 + 12);
      assert.ok(Math.abs(Number(all.get("sluice_scrub_last_end_time_seconds")) - Date.now() / 1000) < 60);
      assert.ok(Number(all.get("sluice_scrub_progress_ratio")) <= 1);
      const store = await openDirectoryStore(site.data);
      assert.deepEqual(await store.quarantined(), [{ sha256: bad, back: false }]);
      await store.close();
      if (workers > 1) {
        // The config is read anew.
        await site.configure({}, { scrub: false });
        process.kill(served.pid, "SIGHUP");
        await until(served, "sluice_scrub_last_findings", undefined);
      }
      await served[Symbol.asyncDispose]();
      const { stderr } = await served.done;
      assert.match(
        stderr,
        new RegExp(`sluice: error\\[blob_corrupt\\]: Blob ${bad} has changed in the store`),
      );
      assert.match(stderr, /The scrub of the store has read .* and found nothing wrong\.$/m);
    });

  test("a server that has just started, or shall not scrub, leaves the store alone", async () => {
    const { site } = await damagedSite();
    for (const scrub of [true, false]) {
      await site.configure({}, { scrub });
      await using served = await site.serve();
      await sleep(1000);
      const all = await metrics(served);
      assert.equal(all.get("sluice_scrub_read_bytes_total"), scrub ? "0" : undefined);
      assert.equal(all.get("sluice_scrub_progress_ratio"), scrub ? "0" : undefined);
      assert.equal(all.has("sluice_scrub_last_findings"), false);
    }
  });
});
