import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonLines, refused } from "../../clients/sluice.ts";
import type { Served, SluiceSite, SyncLine } from "../../clients/sluice.ts";
import { must } from "../../run.ts";
import type { StaticServer } from "../../servers/static.ts";
import { compress } from "../../upstreams/apt-indices.ts";
import { replayRoots } from "../../upstreams/apt.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import type { AptChange } from "../../upstreams/apt-spec.ts";
import { TAMPER } from "../../upstreams/tamper.ts";
import type { Tampering } from "../../upstreams/tamper.ts";
import { assertSynced, digestsBelow, digestsServed, mirrorOf, openLab, sha256, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const DAY = 24 * 3600_000;
type Victim = "package" | "index" | "InRelease" | "Release.gpg";
const DISTS = "dists/trixie";
const INDEX = `${DISTS}/main/binary-amd64/Packages.xz`;

/** Packages.xz and Packages.gz of 60 MB of empty lines, beside a plain index that is sound. */
async function bomb(dists: string): Promise<void> {
  const path = join(dists, "main/binary-amd64/Packages");
  const plain = await readFile(path);
  await must("sh", ["-c", 'yes "" | head -c 60000000 > "$0"', path]);
  await compress(path, "xz");
  await compress(path, "gz");
  await writeFile(path, plain);
}

suite("what a hostile or broken upstream sends", { skip: skipApt }, () => {
  let lab: Lab;
  let good: AptRepository;
  let server: StaticServer;
  let site: SluiceSite;
  let served: Served;
  /** The site's snapshots, oldest first. */
  let ids: readonly string[];
  let states = 0;

  before(async () => {
    lab = await openLab();
    good = await lab.upstream();
    server = await lab.server(good.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(good, server.url) });
    assertSynced(await site.sync("m"), "updated");
    await site.ok("promote", "latest", "stable", "--yes");
    ids = await site.ids("m");
    served = lab.cleanup.use(await site.serve());
  });
  after(async () => await lab.cleanup.run());

  /** Syncs from the bad upstream, and holds that it is refused with this code and leaves no trace. */
  async function refuses(
    bad: string,
    code: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const blobs = await blobNames();
    const seen = await digestsBelow(join(site.data, "trees"));
    ok(seen.size > 10);
    await site.configure({ m: mirrorOf(good, server.url, more) });
    server.root = bad;
    server.clear();
    const ran = await site.run("sync", "m", "--json");
    server.onRequest = undefined;
    refused(ran, code);
    const line = jsonLines<SyncLine>(ran.stdout).at(-1);
    deepEqual([line?.result, line?.error?.code], ["failed", code], line?.error?.message);
    const message = line?.error?.message ?? "";
    match(message, /^[^\n]{20,600}\.$/, "one sentence");

    deepEqual(await site.ids("m"), ids, "no new snapshot");
    deepEqual(await digestsBelow(join(site.data, "trees")), seen, "the trees have not changed");
    const id = ids.at(-1) ?? "";
    const paths = [...seen.keys()].filter((path) => path.startsWith(`m/${id}/`));
    for (const at of ["latest", "stable", id]) {
      const there = paths.map((path) => path.replace(id, at));
      const answers = await digestsServed(served.url, there);
      deepEqual(
        [...answers.values()],
        paths.map((path) => seen.get(path)),
        "served as before",
      );
    }
    for (const name of await blobNames()) {
      if (blobs.has(name)) continue;
      const path = join(site.data, "blobs/sha256", name);
      equal(sha256(await readFile(path)), name.replace("/", ""), "a blob is what its name says");
    }
    return message;
  }

  async function blobNames(): Promise<Set<string>> {
    return new Set((await digestsBelow(join(site.data, "blobs/sha256"))).keys());
  }

  /** The next state of the upstream, with whatever is wrong with it. No two have a file in common: what one left behind must not help another. */
  async function next(change: AptChange = {}): Promise<AptRepository> {
    const bad = await lab.fork(good);
    states++;
    const packages = [
      { name: "base", version: `1:2.${states}` },
      { name: "tool", version: `3.${states}`, depends: "base" },
    ];
    await bad.publish({ packages, ...change });
    return bad;
  }

  const toolPath = (): string => `pool/main/t/tool/tool_3.${states}_amd64.deb`;

  async function absent(bytes: Uint8Array): Promise<void> {
    const name = sha256(bytes).replace(/^../, (two) => `${two}/`);
    equal((await blobNames()).has(name), false, "the bad bytes are not in the store");
  }

  const TAMPERED: Record<Victim, Record<Tampering, string>> = {
    package: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    index: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    InRelease: { flip: "signature_bad", append: "signature_framing", truncate: "signature_framing" },
    "Release.gpg": { flip: "signature_bad", append: "signature_framing", truncate: "signature_framing" },
  };
  for (const file of ["package", "index", "InRelease", "Release.gpg"] as const) {
    for (const how of ["flip", "append", "truncate"] as const) {
      test(`${how} of ${file}`, async () => {
        const bad = await next();
        const name = file === "package" ? toolPath() : file === "index" ? INDEX : `${DISTS}/${file}`;
        const path = join(bad.root, name);
        await TAMPER[how](path);
        const message = await refuses(bad.root, TAMPERED[file][how]);
        await absent(await readFile(path));
        ok(message.includes(name.replace(/\.gpg$/, "")) || message.includes("by-hash"), message);
      });
    }
  }

  test("another key, one that has expired, one that was revoked, and none", async () => {
    const other = await lab.keys.create("Other <other@example.org>");
    await refuses((await next({ signWith: [other] })).root, "signature_untrusted");

    const old = await lab.keys.create("Old <old@example.org>", {
      created: Date.now() - 40 * DAY,
      expires: "10d",
    });
    await refuses((await next({ signWith: [old] })).root, "key_expired", {
      keyring: [lab.vendor.binary, old.binary],
    });

    const stolen = await lab.keys.create("Stolen <stolen@example.org>");
    const bad = await next({ signWith: [stolen] });
    await refuses(bad.root, "key_revoked", { keyring: [lab.vendor.binary, await lab.keys.revoke(stolen)] });

    await refuses((await next({ inRelease: false, releaseGpg: false })).root, "signature_missing");
    // In the keyring, but not among those that the config names.
    await refuses((await next({ signWith: [other] })).root, "signature_untrusted", {
      keyring: [lab.vendor.binary, other.binary],
      "signed-by": lab.vendor.fingerprint,
    });
  });

  test("metadata that is older, expired, from the future, or of another suite", async () => {
    const older = await lab.fork(good);
    await older.publish({ date: good.state.date - DAY });
    await refuses(older.root, "root_older");
    await refuses((await next({ validUntil: Date.now() - DAY })).root, "root_expired");
    await refuses((await next({ date: Date.now() + DAY })).root, "root_future");
    await refuses(
      (await next({ fields: () => ({ Origin: "Debian", Suite: "oldstable", Codename: "bookworm" }) })).root,
      "wrong_repository",
    );
  });

  test("InRelease and Release of two generations", async () => {
    const bad = await next();
    await replayRoots(good, bad, ["Release", "Release.gpg"]);
    await refuses(bad.root, "roots_disagree");
    const one = await next();
    const two = await next();
    await replayRoots(one, two, ["InRelease"]);
    await refuses(two.root, "roots_disagree");
  });

  const NAMES: Record<string, string> = {
    "climbs out": "pool/../../../../etc/passwd",
    "is absolute": "/etc/passwd",
    "holds a control character": "pool/main/t/tool/\u001b[2Jtool.deb",
    "holds a backslash": "pool\\..\\tool.deb",
    "is empty": "",
    "is a URL": "https://127.0.0.1/tool.deb",
  };
  for (const [what, name] of Object.entries(NAMES)) {
    test(`a package whose name ${what}, signed all the same`, async () => {
      const bad = await next({
        edit: { packages: (text) => text.replace(/^Filename: .*tool_3.*$/m, `Filename: ${name}`) },
      });
      const code = what === "is empty" ? "metadata_invalid" : "path_refused";
      await refuses(bad.root, what === "is a URL" ? "path_refused" : code);
    });
  }

  test("an index whose name climbs out, signed all the same", async () => {
    for (const name of ["../../../evil/Packages", "/evil/Packages", "main/./../Packages", "main/\u0007x"]) {
      const bad = await next({
        edit: { release: (text) => text.replace(/(\d+) main\/binary-amd64\/Packages\.xz$/m, `$1 ${name}`) },
      });
      await refuses(bad.root, "path_refused");
    }
  });

  test("a body without end, as package and as InRelease", async () => {
    const bad = await next();
    for (const [part, code] of [
      ["tool_3", "too_large"],
      ["/InRelease", "too_large"],
    ] as const) {
      server.onRequest = ({ path }) => (path.includes(part) ? "endless" : undefined);
      await refuses(bad.root, code);
      const poured = server.requests.reduce((sum, { bytes }) => sum + bytes, 0);
      // A connection's buffers take some megabytes before anyone reads.
      ok(poured < 50_000_000, `${poured} bytes were taken`);
    }
  });

  test("an index that inflates past what was signed, and one that says so itself", async () => {
    await refuses((await next({ edit: { folder: bomb } })).root, "decompression");
    // Without the plain index in Release, nothing says how large it may become.
    const bad = await next({
      edit: {
        folder: async (dists) => {
          await bomb(dists);
          await rm(join(dists, "main/binary-amd64/Packages"));
        },
      },
    });
    await refuses(bad.root, "decompression");
  });

  test("an index that is signed to be huge", async () => {
    const bad = await next({
      edit: {
        release: (text) => text.replaceAll(/ \d+ (main\/binary-amd64\/Packages)/g, " 9000000000000 $1"),
      },
    });
    const message = await refuses(bad.root, "too_large");
    ok(
      server.requests.every(({ path }) => !path.includes("Packages")),
      message,
    );
  });

  test("a package that is signed to be larger than the disk is not even begun", async () => {
    const bad = await next({
      edit: { packages: (text) => text.replaceAll(/^Size: \d+$/gm, "Size: 900000000000000") },
    });
    const message = await refuses(bad.root, "disk_full");
    match(message, /\d/);
    ok(server.requests.every(({ path }) => !path.endsWith(".deb")));
  });

  test("digests that are too weak, or none", async () => {
    await refuses((await next({ hashes: ["MD5Sum", "SHA1"] })).root, "weak_digest");
    const bad = await next({ edit: { packages: (text) => text.replaceAll(/^SHA256: .*\n/gm, "") } });
    await refuses(bad.root, "weak_digest");
  });

  test("one path with two contents", async () => {
    const bad = await next({
      edit: {
        packages: (text) => {
          const [first = "", second = ""] = text.split("\n\n");
          const name = /^Filename: .*$/m.exec(first)?.[0] ?? "";
          return `${first}\n\n${second.replace(/^Filename: .*$/m, name)}\n\n`;
        },
      },
    });
    await refuses(bad.root, "path_conflict");
  });

  test("a captive portal, a gate, a fault, a missing package and nobody there", async () => {
    const bad = await next();
    const page = "<html><body>Please log in</body></html>\n";
    server.onRequest = () => ({ status: 200, headers: { "content-type": "text/html" }, body: page });
    await refuses(bad.root, "signature_framing");
    server.onRequest = () => ({ status: 403 });
    await refuses(bad.root, "upstream_refused");
    server.onRequest = () => ({ status: 500 });
    await refuses(bad.root, "upstream_unreachable");
    server.onRequest = () => ({ status: 404 });
    await refuses(bad.root, "root_missing");
    server.onRequest = ({ path }) => (path.includes("tool_3") ? { status: 404 } : undefined);
    match(await refuses(bad.root, "file_missing"), /tool_3\.\d+_amd64\.deb/);
    await refuses(bad.root, "upstream_unreachable", { upstream: "http://127.0.0.1:1" });
  });

  test("nothing of it sticks: the sound state that follows is taken", async () => {
    await site.configure({ m: mirrorOf(good, server.url) });
    server.root = (await next()).root;
    assertSynced(await site.sync("m"), "updated");
    notEqual((await site.ids("m")).length, 1);
    await site.ok("verify");
  });
});
