import assert from "node:assert/strict";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../../base/digest.ts";
import { USTAR_END, ustarHeader, ustarPadding } from "../../formats/ustar.ts";
import { readMembers, type Faults } from "./members.ts";
import type { OpenedBundle } from "./open.ts";

const MEMBERS = [
  ["records/a", "one"],
  ["blobs/sha256/ab/cd.000", "tw"],
  ["blobs/sha256/ab/cd.001", "o"],
] as const;

const tar = Buffer.concat([
  ...MEMBERS.flatMap(([name, body]) => [
    ustarHeader(name, body.length, 0),
    Buffer.from(body),
    ustarPadding(body.length),
  ]),
  USTAR_END,
]);

/** A bundle of one part in a folder, as far as its members need it. */
function bundleIn(folder: string, bytes: Buffer): OpenedBundle {
  const path = join(folder, "part.tar");
  writeFileSync(path, bytes);
  const part = { n: 1, name: "part.tar", size: bytes.length, sha256: sha256(bytes) };
  return {
    folder,
    manifest: { number: 1, parts: [part] },
    parts: new Map([["part.tar", [[path]]]]),
  } as unknown as OpenedBundle;
}

function isOpen(path: string): boolean {
  return readdirSync("/proc/self/fd").some((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  });
}

const skip = process.platform !== "linux";

test("members come whole, and a part is let go of wherever its reader leaves", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-members-"));
  t.after(async () => rm(folder, { recursive: true }));
  const bundle = bundleIn(folder, tar);
  const read: string[] = [];
  for await (const { name, body } of readMembers(bundle, () => true, new Map())) {
    assert.ok(isOpen(join(folder, "part.tar")));
    let text = "";
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    read.push(`${name} ${text}`);
  }
  assert.deepEqual(read, ["records/a one", "blobs/sha256/ab/cd two"]);
  assert.ok(!isOpen(join(folder, "part.tar")));

  for await (const { name } of readMembers(bundle, () => true, new Map())) if (name === "records/a") break;
  assert.ok(!isOpen(join(folder, "part.tar")), "left at the first");
  for await (const { body } of readMembers(bundle, () => true, new Map())) {
    for await (const _ of body) break;
    break;
  }
  assert.ok(!isOpen(join(folder, "part.tar")), "left in a body");
  const faults: Faults = new Map();
  const cut = bundleIn(folder, tar.subarray(0, 600));
  await assert.rejects(async () => {
    for await (const { body } of readMembers(cut, () => true, faults)) for await (const _ of body) continue;
    throw new Error(JSON.stringify([...faults.values()]));
  }, /cut short/);
  assert.ok(!isOpen(join(folder, "part.tar")), "a part that is cut");
});
