import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "../../clients/rpm-root.ts";
import type { RpmClient } from "../../clients/rpm-root.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { nginxServer, treesSite } from "../../servers/nginx.ts";
import type { RpmRepository } from "../../upstreams/rpm.ts";
import { assertCopyOf, assertSynced, digestsBelow } from "../apt/lab.ts";
import { CLIENTS } from "./clients.ts";
import { COMPS, EXTRAS } from "./kinds.ts";
import { mirrorOf, openLab, PACKAGES, skipRpm } from "./lab.ts";
import type { RpmLab } from "./lab.ts";

const INSTALLED = ["base-1:1.0^git1-1", "tool-0:2.0~rc1-1"];

suite("the real dnf and zypper against what Sluice serves", { skip: skipRpm }, () => {
  let lab: RpmLab;
  let upstream: RpmRepository;
  let site: SluiceSite;
  let served: Served;
  before(async () => {
    lab = await openLab();
    const packages = [...PACKAGES, { name: "game", version: "1", group: "Amusements/Games" }];
    upstream = await lab.upstream({
      packages,
      comps: COMPS,
      extras: EXTRAS,
      options: ["--database", "--zck"],
    });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({
      m: mirrorOf(upstream, server.url),
      sparse: mirrorOf(upstream, server.url, { mode: "sparse", skip: { sections: ["Games"] } }),
    });
    for (const name of ["m", "sparse"]) assertSynced(await site.sync(name), "updated");
    await site.ok("promote", "latest", "stable", "--yes");
    served = lab.cleanup.use(await site.serve());
  });
  after(async () => await lab.cleanup.run());

  async function setUp(client: RpmClient, base: string, mirror = "m"): Promise<void> {
    const script = await site.ok(
      "client",
      mirror,
      "--channel",
      "stable",
      "--url",
      base,
      "--format",
      "script",
    );
    const ran = clean(await client.setUp(script.stdout));
    match(ran.stdout, new RegExp(`the mirror ${mirror} is set up for ${client.name}`));
  }

  test("the copy is the upstream, byte for byte, and verifies without a network", async () => {
    const tree = await digestsBelow(join(site.data, "trees/m/stable"));
    const original = await digestsBelow(upstream.root);
    assertCopyOf(tree, original, "the upstream");
    equal(tree.size, original.size);
    await site.ok("verify");
  });

  for (const { name, skip, open } of CLIENTS) {
    suite(name, { skip }, () => {
      test("by the embedded server: set up, refresh, list, search, install, and what it was for undone", async () => {
        const client = lab.cleanup.use(await open());
        await setUp(client, served.url);
        const script = (
          await site.ok("client", "m", "--channel", "stable", "--url", served.url, "--format", "script")
        ).stdout;
        match(clean(await client.setUp(script)).stdout, /was set up already/);
        clean(await client.refresh());
        const lists =
          name === "dnf"
            ? [
                [["list", "--available"], /tool\.noarch +2\.0~rc1-1 +sluice-m/],
                [["search", "tool"], /tool\.noarch/],
                [["group", "list"], /Tools/],
                [["module", "list"], /toolset/],
              ]
            : [
                [["search", "-s"], /tool .* 2\.0~rc1-1 .* noarch/],
                [["list-patches", "--all"], /VENDOR-2026:0001/],
              ];
        for (const [args, wanted] of lists as [string[], RegExp][]) {
          match(clean(await client.run(...args)).stdout, wanted);
        }
        clean(await client.install("tool"));
        deepEqual(await client.installed(), INSTALLED);
        if (name === "dnf") {
          // Of what is installed: dnf has no list of others.
          match(clean(await client.run("updateinfo", "list", "--installed")).stdout, /VENDOR-2026:0001/);
        }
        await client.setUp(script, "--undo");
        const left = await readdir(client.root, { recursive: true });
        deepEqual(
          left.filter((path) => /^etc\/.*sluice/.test(path)),
          [],
        );
      });

      test("by nginx on trees/", { skip: needs("nginx") }, async () => {
        const nginx = lab.cleanup.use(await nginxServer(treesSite(site.data)));
        const client = lab.cleanup.use(await open());
        await setUp(client, nginx.url);
        clean(await client.install("tool"));
        deepEqual(await client.installed(), INSTALLED);
      });

      test("by file:// on trees/", async () => {
        const client = lab.cleanup.use(await open());
        const format = name === "dnf" ? "dnf" : "zypper";
        const setup = await site.json<{ files: { format: string; path: string; content: string }[] }>(
          "client",
          "m",
          "--channel",
          "stable",
          "--url",
          "http://placeholder.example.org",
        );
        const files = setup[0]?.files ?? [];
        await client.write(
          files
            .filter((file) => file.format === format || file.format === "key")
            .map((file) => ({
              ...file,
              content: file.content.replaceAll("http://placeholder.example.org", `file://${site.data}/trees`),
            })),
        );
        clean(await client.refresh());
        clean(await client.install("tool"));
        deepEqual(await client.installed(), INSTALLED);
      });

      test("a set-up that cannot work leaves nothing behind", async () => {
        const client = lab.cleanup.use(await open());
        const before = await readdir(join(client.root, "etc"), { recursive: true });
        const script = await site.ok(
          "client",
          "m",
          "--channel",
          "stable",
          "--url",
          "http://127.0.0.1:9",
          "--format",
          "script",
        );
        const ran = await client.setUp(script.stdout);
        equal(ran.code, 1);
        match(ran.stderr, /cannot use the mirror m[^]*everything is as it was before/);
        const after = (await readdir(join(client.root, "etc"), { recursive: true })).filter((path) =>
          path.includes("sluice"),
        );
        deepEqual(after, []);
        equal(
          before.some((path) => path.includes("sluice")),
          false,
        );
      });
    });
  }

  test("dnf is kept from what a sparse mirror leaves out", { skip: CLIENTS[0]?.skip ?? false }, async () => {
    const client = lab.cleanup.use(await (CLIENTS[0] ?? { open: () => Promise.reject(new Error()) }).open());
    await setUp(client, served.url, "sparse");
    const file = await readFile(join(client.root, "etc/yum.repos.d/sluice-sparse.repo"), "utf8");
    match(file, /^excludepkgs=game$/m);
    equal(existsSync(join(site.data, "trees/sparse/stable/Packages/g/game-1-1.noarch.rpm")), false);
    clean(await client.install("tool"));
    equal((await client.install("game")).code, 1);
    deepEqual(await client.installed(), INSTALLED);
  });
});
