import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { ManifestEntry } from "../snapshot/manifest.ts";
import type { ProofOfEntry } from "../snapshot/verify.ts";
import { memoryStore } from "../store/memory.ts";
import type { Entry } from "../upstream/contract.ts";
import { proveAll } from "./prove-all.ts";
import { listing } from "./rig.test-helper.ts";

const entries = Array.from({ length: 20 }, (_, at): Entry => {
  const path = `p${at}`;
  return { path, from: path, kind: "package", digests: {} };
});
const manifest = new Map(
  entries.map(({ path }): [string, ManifestEntry] => [
    path,
    { path, sha256: "0".repeat(64), size: 0, kind: "package", from: path },
  ]),
);

function context(check: (path: string) => Promise<void>): ProofOfEntry {
  return {
    store: memoryStore(),
    ecosystem: { ...listing, check: async ({ path }) => check(path) },
    options: { mode: "verbatim" },
    trust: { kind: "none" },
  };
}

const never = new AbortController().signal;

test("every file is proven once, but for those that need no proof, some at a time", async () => {
  const seen: string[] = [];
  let [now, most] = [0, 0];
  const prove = async (path: string): Promise<void> => {
    most = Math.max(most, ++now);
    await turn();
    seen.push(path);
    now--;
  };
  await proveAll(context(prove), entries, manifest, ({ path }) => path === "p7", never);
  assert.deepEqual(
    seen.toSorted(),
    entries
      .map(({ path }) => path)
      .filter((path) => path !== "p7")
      .toSorted(),
  );
  assert.ok(most > 1 && most <= 8, `${most} at a time`);
});

test("one that is bad stops the rest, wherever it stands", async () => {
  for (const bad of ["p0", "p9", "p19"]) {
    let calls = 0;
    const prove = async (path: string): Promise<void> => {
      calls++;
      await turn();
      if (path === bad) throw new Error(path);
    };
    await assert.rejects(
      proveAll(context(prove), entries, manifest, () => false, never),
      { message: bad },
    );
    if (bad === "p0") assert.ok(calls <= 8, `${calls} calls`);
  }
});

test("a run that is stopped proves no more", async () => {
  const stop = new AbortController();
  const prove = async (path: string): Promise<void> => {
    if (path === "p3") stop.abort();
  };
  await assert.rejects(
    proveAll(context(prove), entries, manifest, () => false, stop.signal),
    {
      name: "AbortError",
    },
  );
});
