import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../../src/base/digest.ts";
import { beginIdentityRow } from "../../../src/channel/identity-row.ts";
import { USTAR_END, ustarHeader, ustarPadding } from "../../../src/formats/ustar.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { findBundles } from "../../../src/transfer/bundle/open.ts";
import { bundleSource, inOrder } from "../../../src/transfer/bundle/source.ts";
import { loadCargo } from "../../../src/transfer/cargo.ts";
import { checkNames } from "../../../src/transfer/names.ts";
import { openIdentity } from "../../../src/trust/identity.ts";
import { BIRTH, DAY } from "../../../src/trust/test-keys.ts";
import { fixedKey } from "../keys.ts";
import { gather, joined, must, sections } from "../kit.ts";
import { expandLines, RECORDS } from "../record-lines.ts";
import { SUMS } from "../apt-words.ts";
import type { Target } from "../target.ts";

const AT = BIRTH + DAY;
const MANIFEST = {
  format: 1,
  bundle: SUMS,
  site: "SITE",
  destination: "any",
  number: 1,
  base: [],
  created: "2026-01-01T00:00:00.000Z",
  channels: [{ name: "stable", version: 1, mirrors: { m: "20260101T000000Z" } }],
  snapshots: [{ mirror: "m", id: "20260101T000000Z", ecosystem: "apt", files: 1, bytes: 1 }],
  files: 1,
  bytes: 1,
  records: 1,
  parts: "PARTS",
};
const BLOB = "aa".repeat(32);

/**
 * A bundle of a site that is known, so that the signature over it is good: its small files, and what is in its parts (`=== in 1 NAME` is a member of
 * the first, `=== raw 2` is a whole part). PARTS, SITE and SUMS stand for what is right.
 */
export async function open(): Promise<Target> {
  const home = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  const site = await openIdentity((await fixedKey(1)).armor(), () => AT);
  const store = memoryStore();
  await beginIdentityRow(store, { ...site, by: "root@test", siteKey: async () => undefined }, site, AT);
  const versions = [...(store.refs.get("identity")?.values() ?? [])].map(String);
  const identityLine = JSON.stringify({ ref: "identity", version: 1, text: versions[0] });
  const small = {
    "manifest.json": `${JSON.stringify(MANIFEST)}\n`,
    "identity.json": "IDENTITY\n",
    SHA256SUMS: "SUMS\n",
    "contents.txt": `1 ${BLOB} 0 3\n2 ${BLOB} 3 3\n`,
  };
  const lines = RECORDS.split("\n").slice(0, 8).join("\n");
  return {
    seeds: [
      joined({
        ...small,
        "in 1 records/refs.ndjson": `${lines}\n`,
        [`in 2 blobs/sha256/aa/${BLOB.slice(2)}.000`]: "abc",
        [`in 2 blobs/sha256/aa/${BLOB.slice(2)}.001`]: "def",
      }),
      joined({
        ...small,
        "in 1 records/refs.ndjson": `${lines}\n`,
        [`in 1 records/${BLOB}`]: "x",
        [`in 1 blobs/sha256/aa/${BLOB.slice(2)}`]: "y",
        "raw 2": "z",
      }),
    ],
    json: "lines",
    words: [
      "=== ",
      "=== in 1 ",
      "=== raw 3\n",
      "=== SHA256SUMS\n",
      "records/refs.ndjson",
      "blobs/sha256/aa/",
      ".000",
      ".001",
      ".999999",
      "PARTS",
      "SITE",
      "SUMS",
      "IDENTITY",
      "manifest.json",
      "contents.txt",
      "../x",
      `${SUMS}  `,
      "base",
      "records",
      "parts",
      "number",
      BLOB,
      "1 ",
      "\n",
    ],
    async run(input) {
      const folder = join(home, "bundle");
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const files = sections(input);
      const parts = writeParts(folder, files);
      for (const name of ["manifest.json", "identity.json", "contents.txt"]) {
        const text = (files.get(name)?.toString() ?? "")
          .replace('"PARTS"', JSON.stringify(parts))
          .replace('"SITE"', JSON.stringify(site.fingerprint))
          .replace("IDENTITY\n", `${JSON.stringify({ versions })}\n`);
        if (files.has(name)) writeFileSync(join(folder, name), text);
      }
      const sums = readdirSync(folder, { withFileTypes: true }).map(
        ({ name }) => `${digestOf(folder, name, parts)}  ${name}\n`,
      );
      const list = (files.get("SHA256SUMS")?.toString() ?? "").replace("SUMS\n", sums.join(""));
      writeFileSync(join(folder, "SHA256SUMS"), list);
      writeFileSync(join(folder, "SHA256SUMS.asc"), await site.sign(Buffer.from(list)));
      const { bundles, bad } = await findBundles([folder]);
      for (const error of bad.values()) throw error;
      for (const [bundle, all] of inOrder(bundles)) {
        const source = await bundleSource(bundle, all);
        await source.check(new AbortController().signal);
        checkNames(await loadCargo(source.store, site.fingerprint, {}, { partial: true }));
        const wanted = new Map([[BLOB, 6]]);
        for await (const { sha256: name, body } of source.blobs(wanted))
          must(name === BLOB && (await gather(body)).length < 1e6, "only what is wanted comes");
        await source.explain(wanted);
        source.faults();
      }
    },
  };

  function digestOf(
    folder: string,
    name: string,
    parts: readonly { name: string; sha256: string }[],
  ): string {
    return parts.find((part) => part.name === name)?.sha256 ?? sha256(readFileSync(join(folder, name)));
  }

  /** The parts, as the manifest lists them. */
  function writeParts(folder: string, files: ReadonlyMap<string, Buffer>) {
    const bodies = new Map<number, Buffer[]>();
    for (const [section, bytes] of files) {
      const [, kind, part, name = ""] = /^(in|raw) ([1-9])(?: (.{1,200}))?$/.exec(section) ?? [];
      if (kind === undefined) continue;
      const body =
        name === "records/refs.ndjson"
          ? Buffer.concat([Buffer.from(`${identityLine}\n`), expandLines(bytes)])
          : bytes;
      const written = kind === "raw" ? [bytes] : [header(name, body), body, ustarPadding(body.length)];
      bodies.set(Number(part), [...(bodies.get(Number(part)) ?? []), ...written]);
    }
    return [...bodies].map(([n, chunks]) => {
      const bytes = Buffer.concat([...chunks, USTAR_END]);
      const digest = sha256(bytes);
      writeFileSync(join(folder, `${digest.slice(0, 32)}.tar`), bytes);
      return { n, name: `${digest.slice(0, 32)}.tar`, size: bytes.length, sha256: digest };
    });
  }
}

function header(name: string, body: Buffer): Buffer {
  try {
    return ustarHeader(name, body.length, 0);
  } catch {
    // No archive can have such a name.
    return ustarHeader("x", body.length, 0);
  }
}
