import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../../test/needs.ts";
import { takes } from "../sites.test-helper.ts";
import { bundlePair, bytesIn, flip, manifestIn, sourceIn, writes } from "./bundles.test-helper.ts";
import { findBundles } from "./open.ts";
import { addParity } from "./parity.ts";
import { repairBundles } from "./repair.ts";
import { bundleSource } from "./source.ts";
import type { ReadSource } from "../contract.ts";

const skip = needs("par2");
const { signal } = new AbortController();
const PERCENT = 20;

async function withParity(context: Parameters<typeof bundlePair>[0]) {
  const pair = await bundlePair(context);
  const folder = join(pair.home, "one");
  await writes(pair.outer, folder);
  assert.equal(await addParity({ folder, percent: PERCENT, partBytes: 65_536, signal }), true);
  return { ...pair, folder, into: join(pair.home, "mended") };
}

async function repaired(folder: string, into: string): Promise<ReadSource> {
  const [done] = await repairBundles([folder], into, signal);
  assert.ok(done);
  const { bundles } = await findBundles([done.folder, folder], new Set([done.bundle]));
  assert.ok(bundles[0]);
  return bundleSource(bundles[0], bundles);
}

test(
  "up to the stated loss all is mended, and nothing is written to the medium",
  { skip },
  async (context) => {
    const { inner, id, folder, into } = await withParity(context);
    for (const name of await readdir(folder))
      assert.ok((await stat(join(folder, name))).size <= 65_536, name);
    assert.equal(
      await addParity({ folder, percent: PERCENT, partBytes: 65_536, signal }),
      false,
      "it is there",
    );
    const { parts } = await manifestIn(folder);
    // Whole parts up to the percentage, a flipped bit in the manifest, and one in the parity itself.
    const signed = [...(await bytesIn(folder))].filter(([name]) => !name.endsWith(".par2"));
    const total = signed.reduce((sum, [, bytes]) => sum + bytes.length, 0);
    let lost = 0;
    for (const { name } of parts) {
      const { size } = await stat(join(folder, name));
      if (lost + size > (total * (PERCENT - 5)) / 100) break;
      lost += size;
      await rm(join(folder, name));
    }
    assert.ok(lost > total / 10, `${lost} of ${total}`);
    await flip(join(folder, "manifest.json"), 10);
    await truncate(join(folder, "contents.txt"), 5);
    await assert.rejects(sourceIn(folder), { message: /run the import again with `--repair/ });
    const before = await bytesIn(folder);
    const source = await repaired(folder, into);
    assert.deepEqual(await bytesIn(folder), before);
    assert.deepEqual((await takes(inner, source)).snapshots, [`toy@${id}`]);
    assert.deepEqual(await source.check(signal), []);
    assert.equal(
      (await readdir(join(into, "bundle-1"))).some((name) => name.endsWith(".par2")),
      false,
    );
  },
);

test("more than that is refused, and what is left behind is nothing", { skip }, async (context) => {
  const { folder, into } = await withParity(context);
  const { parts } = await manifestIn(folder);
  for (const { name } of parts.slice(0, Math.ceil(parts.length / 2))) await rm(join(folder, name));
  await assert.rejects(repaired(folder, into), {
    code: "bundle_damaged",
    message: /more than 20 % of it is lost/,
  });
  assert.deepEqual(await readdir(into), []);
  await writeFile(join(into, "mine"), "");
  await assert.rejects(repaired(folder, into), { code: "usage", message: /not empty/ });
});

test("parity that speaks of files elsewhere is not given to par2", { skip }, async (context) => {
  const { folder, into, home } = await withParity(context);
  const { parts } = await manifestIn(folder);
  const name = parts[0]?.name ?? "";
  for (const file of (await readdir(folder)).filter((one) => one.endsWith(".par2")))
    await writeFile(join(folder, file), renamed(await readFile(join(folder, file)), name, "../../evil"));
  await rm(join(folder, name));
  await assert.rejects(repaired(folder, into), { code: "bundle_damaged", message: /no parity of a bundle/ });
  assert.equal((await readdir(home)).includes("evil"), false);
});

/** The same parity, with another name for a file in it, its packets sound. */
function renamed(bytes: Buffer, name: string, other: string): Buffer {
  const md5 = (data: Buffer): Buffer => createHash("md5").update(data).digest();
  const out = Buffer.from(bytes);
  const type = Buffer.from("PAR 2.0\0FileDesc", "latin1");
  for (let at = out.indexOf(type); at >= 0; at = out.indexOf(type, at + 1)) {
    const start = at - 48;
    const length = Number(out.readBigUInt64LE(start + 8));
    if (!out.subarray(start + 120, start + length).includes(name)) continue;
    out.fill(0, start + 120, start + length).write(other, start + 120);
    md5(out.subarray(start + 32, start + length)).copy(out, start + 16);
  }
  return out;
}
