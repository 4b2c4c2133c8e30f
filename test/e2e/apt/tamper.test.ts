import { after, before, suite, test } from "node:test";
import { equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replayRoots } from "../../upstreams/apt.ts";
import { TAMPER } from "../../upstreams/tamper.ts";
import type { Tampering } from "../../upstreams/tamper.ts";
import { assertSynced, mirrorOf, skipApt } from "./lab.ts";
import { openVictim } from "./victim.ts";
import type { Victim } from "./victim.ts";

const DAY = 24 * 3600_000;
const DISTS = "dists/trixie";
const INDEX = `${DISTS}/main/binary-amd64/Packages.xz`;
type Kind = "package" | "index" | "InRelease" | "Release.gpg";

suite("what is altered, forged, replayed or broken on its way", { skip: skipApt }, () => {
  let victim: Victim;
  before(async () => (victim = await openVictim()));
  after(async () => await victim.lab.cleanup.run());

  const TAMPERED: Record<Kind, Record<Tampering, string>> = {
    package: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    index: { flip: "digest_mismatch", append: "too_large", truncate: "digest_mismatch" },
    InRelease: { flip: "signature_bad", append: "signature_framing", truncate: "signature_framing" },
    "Release.gpg": { flip: "signature_bad", append: "signature_framing", truncate: "signature_framing" },
  };
  for (const file of ["package", "index", "InRelease", "Release.gpg"] as const) {
    for (const how of ["flip", "append", "truncate"] as const) {
      test(`${how} of ${file}`, async () => {
        const bad = await victim.next();
        const name = file === "package" ? victim.toolPath() : file === "index" ? INDEX : `${DISTS}/${file}`;
        const path = join(bad.root, name);
        await TAMPER[how](path);
        const message = await victim.refuses(bad.root, TAMPERED[file][how]);
        await victim.lacks(await readFile(path));
        ok(message.includes(name.replace(/\.gpg$/, "")) || message.includes("by-hash"), message);
      });
    }
  }

  test("another key, one that has expired, one that was revoked, and none", async () => {
    const other = await victim.lab.keys.create("Other <other@example.org>");
    await victim.refuses((await victim.next({ signWith: [other] })).root, "signature_untrusted");

    const old = await victim.lab.keys.create("Old <old@example.org>", {
      created: Date.now() - 40 * DAY,
      expires: "10d",
    });
    await victim.refuses((await victim.next({ signWith: [old] })).root, "key_expired", {
      keyring: [victim.lab.vendor.binary, old.binary],
    });

    const stolen = await victim.lab.keys.create("Stolen <stolen@example.org>");
    const bad = await victim.next({ signWith: [stolen] });
    await victim.refuses(bad.root, "key_revoked", {
      keyring: [victim.lab.vendor.binary, await victim.lab.keys.revoke(stolen)],
    });

    await victim.refuses(
      (await victim.next({ inRelease: false, releaseGpg: false })).root,
      "signature_missing",
    );
    // In the keyring, but not among those that the config names.
    await victim.refuses((await victim.next({ signWith: [other] })).root, "signature_untrusted", {
      keyring: [victim.lab.vendor.binary, other.binary],
      "signed-by": victim.lab.vendor.fingerprint,
    });
  });

  test("a key that is too weak, unless the config takes it by name", async () => {
    const weak = await victim.lab.keys.create("Weak <weak@example.org>", { algorithm: "rsa1024" });
    const bad = await victim.next({ signWith: [weak] });
    await victim.refuses(bad.root, "key_weak", { keyring: weak.binary });
    const site = await victim.lab.site();
    await site.configure({ m: mirrorOf(bad, victim.server.url, { "allow-weak": ["rsa1024"] }) });
    assertSynced(await site.sync("m"), "updated");
    match((await site.ok("list")).stdout, /rsa1024/);
  });

  test("metadata that is older, expired, from the future, or of another suite", async () => {
    const older = await victim.lab.fork(victim.good);
    await older.publish({ date: victim.good.state.date - DAY });
    await victim.refuses(older.root, "root_older");
    await victim.refuses((await victim.next({ validUntil: Date.now() - DAY })).root, "root_expired");
    await victim.refuses((await victim.next({ date: Date.now() + DAY })).root, "root_future");
    await victim.refuses(
      (await victim.next({ fields: () => ({ Origin: "Debian", Suite: "oldstable", Codename: "bookworm" }) }))
        .root,
      "wrong_repository",
    );
  });

  test("InRelease and Release of two generations", async () => {
    const bad = await victim.next();
    await replayRoots(victim.good, bad, ["Release", "Release.gpg"]);
    await victim.refuses(bad.root, "roots_disagree");
    const one = await victim.next();
    const two = await victim.next();
    await replayRoots(one, two, ["InRelease"]);
    await victim.refuses(two.root, "roots_disagree");
  });

  test("a captive portal, a gate, a fault, a missing package and nobody there", async () => {
    const bad = await victim.next();
    const page = "<html><body>Please log in</body></html>\n";
    victim.server.onRequest = () => ({ status: 200, headers: { "content-type": "text/html" }, body: page });
    await victim.refuses(bad.root, "signature_framing");
    victim.server.onRequest = () => ({ status: 403 });
    await victim.refuses(bad.root, "upstream_refused");
    victim.server.onRequest = () => ({ status: 500 });
    await victim.refuses(bad.root, "upstream_unreachable");
    victim.server.onRequest = () => ({ status: 404 });
    await victim.refuses(bad.root, "root_missing");
    victim.server.onRequest = ({ path }) => (path.includes("tool_3") ? { status: 404 } : undefined);
    match(await victim.refuses(bad.root, "file_missing"), /tool_3\.\d+_amd64\.deb/);
    await victim.refuses(bad.root, "upstream_unreachable", { upstream: "http://127.0.0.1:1" });
  });

  test("nothing of it sticks: the sound state that follows is taken", async () => {
    const { site, good, server } = victim;
    await site.configure({ m: mirrorOf(good, server.url) });
    server.root = (await victim.next()).root;
    assertSynced(await site.sync("m"), "updated");
    equal((await site.ids("m")).length, 2);
    await site.ok("verify");
  });
});
