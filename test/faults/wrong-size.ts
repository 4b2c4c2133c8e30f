import { deepEqual, equal, ok } from "node:assert/strict";
import { appendFile, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodePath } from "../../src/base/path.ts";
import { readSnapshot, snapshotIds } from "../../src/snapshot/snapshots.ts";
import { readManifest } from "../../src/snapshot/manifest.ts";
import type { ManifestEntry } from "../../src/snapshot/manifest.ts";
import { openDirectoryReader } from "../../src/store/directory/open.ts";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced, sha256 } from "../e2e/apt/lab.ts";
import type { Fault, Outcome } from "./fault.ts";
import { sharedStage } from "./stage.ts";
import { randomOf } from "./tries.ts";
import type { WorldKind } from "./world.ts";

/** Some files of a size that the server keeps in memory, some that it sends from the disk. */
const SIZE = { packages: 6, bytesEach: 300_000 };

export const wrongSize: readonly Fault[] = [
  {
    name: "wrong size: serve",
    promise:
      "a blob that was cut or has grown is never sent, before it is put away and after; then it is whole again",
    engine: true,
    quick: 6,
    long: 200,
    skip: false,
    run,
  },
];

async function run(kind: WorldKind, amount: number): Promise<Outcome> {
  const stage = await sharedStage(kind, SIZE);
  await using site = await stage.site({ inline: true });
  assertSynced(await site.sync("m"), "updated");
  const random = randomOf(amount);
  const outcomes: Record<string, number> = { cut: 0, grown: 0 };
  for (let tried = 0; tried < amount;) {
    // Each server meets each file once: else none of those that it has in memory would be read again.
    await using served = await site.serve();
    const entries = await contentsOf(site);
    for (const entry of shuffled(entries, random).slice(0, amount - tried)) {
      const how = tried % 2 === 0 ? "cut" : "grown";
      await hurt(site, served.url, entry, { how, isKnown: tried % 3 === 2 }, random);
      outcomes[how] = (outcomes[how] ?? 0) + 1;
      tried++;
    }
    for (const entry of entries) equal(await answerOf(served.url, "latest", entry), "sound", entry.path);
  }
  return { tried: amount, outcomes };
}

/** An entry for each content of the snapshot. */
async function contentsOf({ data }: SluiceSite): Promise<ManifestEntry[]> {
  const store = await openDirectoryReader(data);
  const [id = ""] = await snapshotIds(store, "m");
  const { manifest } = (await readSnapshot(store, "m", id)).body;
  const entries = await readManifest(store, manifest, id);
  await store.close();
  return [...new Map(entries.filter(({ size }) => size > 0).map((entry) => [entry.sha256, entry])).values()];
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

async function hurt(
  site: SluiceSite,
  url: string,
  entry: ManifestEntry,
  { how, isKnown }: { how: "cut" | "grown"; isKnown: boolean },
  random: () => number,
): Promise<void> {
  if (isKnown) equal(await answerOf(url, "latest", entry), "sound");
  const { path, sha256: digest, size } = entry;
  const file = join(site.data, "blobs/sha256", digest.slice(0, 2), digest.slice(2));
  if (how === "cut") await truncate(file, Math.floor(random() * size));
  else await appendFile(file, Buffer.alloc(1 + Math.floor(random() * size), "x"));
  const [id = ""] = await site.ids("m");
  const answers = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const name of ["latest", id])
      for (const request of [
        {},
        { method: "HEAD" },
        { headers: { range: `bytes=0-${Math.ceil(size / 3)}` } },
      ])
        found.push(await answerOf(url, name, entry, request));
    return [...new Set(found)];
  };
  // What the server has in memory has passed its check.
  if (!isKnown) deepEqual(await answers(), ["503"], `${path}, ${how}`);
  const { code, stderr } = await site.run("verify");
  equal(code, 1);
  ok(stderr.includes(digest), stderr);
  const patience = isKnown ? 600 : 0;
  let now = await answers();
  for (let tries = 0; tries < patience && now.includes("sound"); tries++) {
    await sleep(50);
    now = await answers();
  }
  deepEqual(now, ["503"], `${path}, ${how}, in quarantine`);
  assertSynced(await site.sync("m"), "unchanged");
  equal((await stat(file)).size, size);
  equal(sha256(await readFile(file)), digest);
  deepEqual(await answers(), ["sound"], `${path}, ${how}, repaired`);
}

/** What comes of a request: its status, or `sound` for bytes that are the file's, `cut off` where the connection ended. Anything else fails the test. */
async function answerOf(
  url: string,
  name: string,
  { path, sha256: digest, size }: ManifestEntry,
  request: RequestInit = {},
): Promise<string> {
  const reply = await fetch(`${url}/m/${name}/${encodePath(path)}`, request);
  const body = await reply.arrayBuffer().catch(() => undefined);
  if (body === undefined) return "cut off";
  if (!reply.ok) return String(reply.status);
  equal(reply.headers.get("etag"), `"${digest}"`);
  if (request.method === "HEAD") equal(reply.headers.get("content-length"), String(size));
  else if (reply.status === 206) equal(body.byteLength, Math.ceil(size / 3) + 1);
  else equal(sha256(new Uint8Array(body)), digest, `${path} is sent with wrong bytes`);
  return "sound";
}
