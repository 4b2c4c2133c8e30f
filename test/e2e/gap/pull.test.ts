import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testPki } from "../../../src/upstream/server.test-helper.ts";
import { refused } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { run } from "../../run.ts";
import { tlsFront } from "../../servers/tls-front.ts";
import { skipApt } from "../apt/lab.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

suite("snapshots pulled from another site", { skip: skipApt }, () => {
  let sites: TwoSites;
  let keyring: readonly string[];

  before(async () => {
    sites = await openTwoSites();
    keyring = sites.upstream.state.signWith.map((key) => key.binary);
  });
  after(async () => await sites.lab.cleanup.run());

  /** A site that pulls from this URL, by the name `hq`. */
  async function innerOf(url: string, from: SluiceSite, more: object = {}): Promise<SluiceSite> {
    const inner = await sites.inner(keyring, from);
    await inner.configure({}, { imports: { m: { keyring } }, sites: { hq: { url, ...more } } });
    return inner;
  }

  const paths = (log: string): string[] =>
    [...log.matchAll(/"GET (\S+) HTTP[^"]*" 20[06] /g)].map(([, path]) => path ?? "");

  test("three sites in a row: real apt installs from the last, nothing was sent twice, and the first's signatures count", async () => {
    const { outer } = sites;
    await using first = await outer.serve();
    const middle = await innerOf(first.url, outer, { channels: ["stable"] });
    match((await middle.ok("pull", "--dry-run")).stdout, /would bring m@\d{8}T/);
    deepEqual(await middle.list(), []);
    await middle.ok("pull", "hq");
    await sites.goOn("3.0-1");
    await middle.ok("pull");
    match((await middle.ok("pull")).stdout, /nothing new/);
    await using second = await middle.serve();
    const last = await innerOf(second.url, middle);
    await last.ok("pull");
    await sites.installs(`file://${last.data}/trees/m/stable`, "3.0-1");
    await last.ok("verify");
    await last.ok("audit");
    match((await last.ok("audit", "imports")).stdout, /import site the site 'hq' \(http/);
    for (const served of [second, first]) {
      await served[Symbol.asyncDispose]();
      const blobs = paths((await served.done).stdout).filter((path) => path.includes("/blobs/"));
      ok(blobs.length > 4, `${blobs.length} files were sent`);
      // The manifest was read by the dry run too.
      const twice = blobs.length - new Set(blobs).size;
      equal(twice, served === first ? 1 : 0);
    }
    const [key] = await outer.json<{ site: string }>("key", "show");
    const [id = ""] = await last.ids("m");
    const records = join(last.data, "refs/sites", key?.site ?? "", "snapshots/m", id, "1.json");
    const record = await readFile(records, "utf8");
    await writeFile(records, record.replace('"by": "', '"by": "x'));
    match((await last.run("audit")).stderr, /sites\/.*signature does not match/);
  });

  test("read tokens, a private authority, a client certificate and a proxy", async () => {
    const { outer } = sites;
    const secret = "not-to-be-told";
    await outer.configure({}, { "read-tokens": [{ "token-file": "token" }] });
    await writeFile(join(outer.home, "token"), `${secret}\n`);
    await using served = await outer.serve("--workers", "2");
    refused(await (await innerOf(served.url, outer)).run("pull"), "upstream_refused");

    const pki = testPki();
    await using front = await tlsFront(served.url, {
      ...pki.server,
      ca: pki.ca,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const tls = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
    const inner = await innerOf(front.url, outer, { tls, "token-env": "HQ_TOKEN" });
    for (const [name, text] of Object.entries({
      "ca.pem": pki.ca,
      "cert.pem": pki.client.cert,
      "key.pem": pki.client.key,
    }))
      await writeFile(join(inner.home, name), text);
    const pulled = async (env: Readonly<Record<string, string>>) => {
      const [node = "", ...args] = inner.commandLine("pull");
      return await run(node, args, {
        cwd: inner.home,
        env: { HOME: inner.home, https_proxy: front.proxy, ...env },
      });
    };
    const without = await pulled({});
    refused(without, "credentials");
    match(
      without.stderr,
      /The site 'hq' \(https:\S+\) takes a secret from the environment variable HQ_TOKEN/,
    );
    refused(await pulled({ HQ_TOKEN: "wrong" }), "upstream_refused");
    const { code, stdout, stderr } = await pulled({ HQ_TOKEN: secret });
    equal(code, 0, stderr);
    equal(`${stdout}${stderr}`.includes(secret), false);
    ok(front.tunnels.length > 0, "it went through the proxy");
    await inner.ok("verify");
    await served[Symbol.asyncDispose]();
    const log = await served.done;
    equal(`${log.stdout}${log.stderr}`.includes(secret), false);
  });
});
