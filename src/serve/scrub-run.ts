import type { Clock } from "../base/clock.ts";
import { scrubProgress, scrubStore } from "../channel/scrub.ts";
import type { Site } from "../channel/site.ts";
import type { Finding } from "../snapshot/verify.ts";
import type { Bucket } from "../upstream/bucket.ts";
import { passOf, readScrubRecord, writeScrubRecord } from "./scrub-record.ts";

export interface ScrubRun {
  /** The data directory of the site. */
  readonly data: string;
  readonly site: Site;
  readonly clock: Clock;
  readonly bucket: Bucket;
  readonly found: (finding: Finding) => void;
  /** Called often: how far the pass has come, 0 to 1, and bytes read by this run. */
  readonly progress: (ratio: number, bytes: number) => void;
  readonly signal: AbortSignal;
  /** How often to remember how far it came, in ms. */
  readonly saveMs?: number;
}

const SAVE_MS = 10_000;

/**
 * Scrubs a site from where the last run came to, to the end of the pass. One process does so at a time: throws `locked` where
 * another does. Also throws what `scrubStore` does; how far it came is remembered then.
 */
export async function runScrub(run: ScrubRun): Promise<void> {
  const { data, site, clock, bucket, signal, saveMs = SAVE_MS } = run;
  await using _held = await site.store.lock("scrub", "scrub");
  const record = await readScrubRecord(data);
  let now = passOf(record, clock());
  const before = now.bytes;
  let saved = performance.now();
  let saving = Promise.resolve();
  const save = (): void => {
    saved = performance.now();
    const state = { ...record, now };
    saving = saving.then(async () => writeScrubRecord(data, state));
  };
  try {
    await scrubStore(
      {
        site,
        signal,
        pass: async (bytes) => {
          now = { ...now, bytes: now.bytes + bytes };
          if (performance.now() - saved >= saveMs) save();
          await bucket.take(bytes, signal);
        },
        found: (finding) => {
          now = { ...now, found: now.found + 1 };
          run.found(finding);
        },
        moved: (at) => {
          now = { ...now, at };
          run.progress(scrubProgress(at), now.bytes - before);
        },
      },
      now.at,
    );
    const { at: _at, ...pass } = now;
    await saving;
    await writeScrubRecord(data, { last: { ...pass, ended: clock() } });
    run.progress(1, now.bytes - before);
  } catch (error) {
    save();
    await saving;
    throw error;
  }
}
