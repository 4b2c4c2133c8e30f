import { after, before, suite, test } from "node:test";
import { match, ok } from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../run.ts";
import { compress } from "../../upstreams/apt-indices.ts";
import { skipApt } from "./lab.ts";
import { openVictim } from "./victim.ts";
import type { Victim } from "./victim.ts";

/** Packages.xz and Packages.gz of 60 MB of empty lines, beside a plain index that is sound. */
async function bomb(dists: string): Promise<void> {
  const path = join(dists, "main/binary-amd64/Packages");
  const plain = await readFile(path);
  await must("sh", ["-c", 'yes "" | head -c 60000000 > "$0"', path]);
  await compress(path, "xz");
  await compress(path, "gz");
  await writeFile(path, plain);
}

suite("what a vendor signs that no vendor should", { skip: skipApt }, () => {
  let victim: Victim;
  before(async () => (victim = await openVictim()));
  after(async () => await victim.lab.cleanup.run());

  const NAMES: Record<string, { name: string; code: string }> = {
    "climbs out": { name: "pool/../../../../etc/passwd", code: "path_refused" },
    "is absolute": { name: "/etc/passwd", code: "path_refused" },
    "holds a control character": { name: "pool/main/t/tool/\u001b[2Jtool.deb", code: "path_refused" },
    "holds a backslash": { name: "pool\\..\\tool.deb", code: "path_refused" },
    "is empty": { name: "", code: "metadata_invalid" },
    "is a URL": { name: "https://127.0.0.1:9/tool.deb", code: "path_refused" },
  };
  for (const [what, { name, code }] of Object.entries(NAMES)) {
    test(`a package whose name ${what}, signed all the same`, async () => {
      const bad = await victim.next({
        edit: { packages: (text) => text.replace(/^Filename: .*tool_3.*$/m, `Filename: ${name}`) },
      });
      await victim.refuses(bad.root, code);
    });
  }

  test("an index whose name climbs out, signed all the same", async () => {
    for (const name of ["../../../evil/Packages", "/evil/Packages", "main/./../Packages", "main/\u0007x"]) {
      const bad = await victim.next({
        edit: { release: (text) => text.replace(/(\d+) main\/binary-amd64\/Packages\.xz$/m, `$1 ${name}`) },
      });
      await victim.refuses(bad.root, "path_refused");
    }
  });

  test("a body without end, as package and as InRelease", async () => {
    const bad = await victim.next();
    for (const [part, code] of [
      ["tool_3", "too_large"],
      ["/InRelease", "too_large"],
    ] as const) {
      victim.server.onRequest = ({ path }) => (path.includes(part) ? "endless" : undefined);
      await victim.refuses(bad.root, code);
      const poured = victim.server.requests.reduce((sum, { bytes }) => sum + bytes, 0);
      // A connection's buffers take some megabytes before anyone reads.
      ok(poured < 50_000_000, `${poured} bytes were taken`);
    }
  });

  test("an index that inflates past what was signed, and one of which nothing says how far it may", async () => {
    await victim.refuses((await victim.next({ edit: { folder: bomb } })).root, "decompression");
    // Without the plain index in Release: apt does not see it either.
    const bad = await victim.next({
      edit: {
        folder: async (dists) => {
          await bomb(dists);
          await rm(join(dists, "main/binary-amd64/Packages"));
        },
      },
    });
    await victim.refuses(bad.root, "metadata_invalid");
    ok(victim.server.requests.every(({ path }) => !path.includes("Packages")));
  });

  test("an index that is signed to be huge", async () => {
    const bad = await victim.next({
      edit: {
        release: (text) => text.replaceAll(/ \d+ (main\/binary-amd64\/Packages)/g, " 9000000000000 $1"),
      },
    });
    const message = await victim.refuses(bad.root, "too_large");
    ok(
      victim.server.requests.every(({ path }) => !path.includes("Packages")),
      message,
    );
  });

  test("a package that is signed to be larger than the disk is not even begun", async () => {
    const bad = await victim.next({
      edit: { packages: (text) => text.replaceAll(/^Size: \d+$/gm, "Size: 900000000000000") },
    });
    const message = await victim.refuses(bad.root, "disk_full");
    match(message, /\d/);
    ok(victim.server.requests.every(({ path }) => !path.endsWith(".deb")));
  });

  test("digests that are too weak, or none", async () => {
    await victim.refuses((await victim.next({ hashes: ["MD5Sum", "SHA1"] })).root, "weak_digest");
    const bad = await victim.next({ edit: { packages: (text) => text.replaceAll(/^SHA256: .*\n/gm, "") } });
    await victim.refuses(bad.root, "weak_digest");
  });

  test("one path with two contents", async () => {
    const bad = await victim.next({
      edit: {
        packages: (text) => {
          const [first = "", second = ""] = text.split("\n\n");
          const name = /^Filename: .*$/m.exec(first)?.[0] ?? "";
          return `${first}\n\n${second.replace(/^Filename: .*$/m, name)}\n\n`;
        },
      },
    });
    await victim.refuses(bad.root, "path_conflict");
  });
});
