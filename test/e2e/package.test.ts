import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { newestApt } from "../clients/chroot.ts";
import { overlay } from "../clients/overlay.ts";
import { needs } from "../needs.ts";
import { must, plainEnv, run } from "../run.ts";
import { tempFolder } from "../temp.ts";
import { digestsBelow, skipApt } from "./apt/lab.ts";
import { openTwoSites } from "./gap/two-sites.ts";
import type { TwoSites } from "./gap/two-sites.ts";

const MAIN = join(import.meta.dirname, "../../scripts/package/main.ts");
const ARCH = process.arch === "arm64" ? "arm64" : "amd64";

async function make(to: string, umask: string, ...formats: readonly string[]): Promise<void> {
  const only = formats.flatMap((format) => ["--only", format]);
  // Whoever makes them: nothing of the umask is in them.
  const command = `umask ${umask}; exec "$@"`;
  const args = [process.execPath, MAIN, "--fast", "--arch", ARCH, "--to", to, ...only];
  await must("sh", ["-c", command, "sh", ...args], { timeoutMs: 400_000 });
}

suite("packages", { skip: skipApt || needs("xz", "dpkg-deb", "rpmbuild", "tar", "npm") }, () => {
  let sites: TwoSites;
  let dist: string;
  let bundle: string;

  before(async () => {
    sites = await openTwoSites();
    [dist, bundle] = [await sites.folder("dist"), await sites.folder("bundle")];
    await Promise.all([
      make(dist, "077"),
      sites.outer.ok("export", "--to", bundle, "--channel", "stable", "--part-size", "64KiB"),
    ]);
  });
  after(async () => await sites.lab.cleanup.run());

  async function made(ending: string): Promise<string> {
    const found = (await readdir(dist)).find((name) => name.endsWith(ending));
    if (found === undefined) throw new Error(`there is no ${ending} in ${(await readdir(dist)).join(", ")}`);
    return join(dist, found);
  }

  test("are listed with their digests, and bear one time and no name of who made them", async () => {
    await must("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: dist });
    equal((await readFile(join(dist, "SHA256SUMS"), "utf8")).split("\n").length, 5);
    const listed = [
      await must("dpkg-deb", ["--contents", await made(".deb")]),
      await must("tar", ["--full-time", "-tvf", await made(".tar.xz")]),
      await must("tar", ["--full-time", "-tvf", await made(".tgz")]),
    ].map((text) => text.trim().split("\n"));
    for (const lines of listed) {
      equal(lines.length > 50, true);
      deepEqual(
        new Set(lines.map((line) => line.split(/\s+/)[0])),
        new Set(["drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"]),
      );
      deepEqual(new Set(lines.map((line) => line.split(/\s+/)[1])).size, 1);
      deepEqual(new Set(lines.map((line) => line.split(/\s+/).slice(3, 5).join(" "))).size, 1);
    }
    const again = await sites.folder("again");
    await make(again, "022", "npm");
    const tarball = basename(await made(".tgz"));
    deepEqual(await readFile(join(again, tarball)), await readFile(join(dist, tarball)));
  });

  /** A fresh system without Node, with a package and what came across the gap in /srv. */
  async function freshSystem(t: { skip(why: string): void }, file: string) {
    const found = await newestApt("host");
    if ("skip" in found) return t.skip(found.skip);
    const home = await tempFolder("host");
    sites.lab.cleanup.use({ [Symbol.asyncDispose]: async () => void (await run("rm", ["-rf", home])) });
    const system = await overlay(found.system, home);
    const why = await system.obstacle();
    if (why !== undefined) return t.skip(why);
    const srv = join(system.upper, "srv");
    await cp(bundle, join(srv, "bundle"), { recursive: true });
    await copyFile(await made(file), join(srv, "sluice"));
    await writeFile(join(srv, "sender.asc"), (await sites.outer.ok("key", "export")).stdout);
    const keyring = sites.upstream.state.signWith.map((key) => key.binary);
    for (const [at, path] of keyring.entries()) await copyFile(path, join(srv, `vendor${at}.gpg`));
    await writeFile(
      join(srv, "sluice.yaml"),
      JSON.stringify({
        data: "/var/lib/sluice",
        imports: { m: { keyring: keyring.map((_path, at) => `/srv/vendor${at}.gpg`) } },
      }),
    );
    return {
      upper: system.upper,
      async run(script: string): Promise<string> {
        const ran = await system.run(script);
        equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
        return ran.stdout;
      },
    };
  }

  const IMPORT = `
    cp /srv/sluice.yaml /etc/sluice/sluice.yaml
    as() { unshare --net runuser -u sluice -- "$@"; }
    as sluice key trust /srv/sender.asc --yes
    as sluice import /srv/bundle
    as sluice verify
    stat -c '%U %a' /var/lib/sluice /var/lib/sluice/trees`;

  test("the .deb runs where there is no Node: it imports a bundle without a network", async (t) => {
    const system = await freshSystem(t, ".deb");
    if (system === undefined) return;
    const said = await system.run(`
      ! command -v node
      dpkg -i /srv/sluice
      dpkg --verify sluice
      sluice --version
      (cd /tmp && sluice init)
      sluice --config /etc/sluice/sluice.yaml.example list
      ${IMPORT}`);
    match(said, /^0\.\d+\.\d+$/m);
    match(said, /Wrote sluice\.yaml/);
    match(said, /stable: m \d{8}T\d{6}Z/);
    match(said, /^sluice 755\nsluice 755$/m);
    const [id = ""] = await sites.outer.ids("m");
    deepEqual(
      await digestsBelow(join(system.upper, "var/lib/sluice/trees/m", id)),
      await digestsBelow(join(sites.outer.data, "trees/m", id)),
    );
    match(
      await system.run(`
        echo '# mine' >>/etc/sluice/sluice.yaml.example
        dpkg -i /srv/sluice </dev/null
        tail -1 /etc/sluice/sluice.yaml.example
        dpkg --purge sluice
        ls /usr/bin/sluice /usr/lib/sluice /etc/sluice/sluice.yaml.example 2>&1 || :
        ls /etc/sluice /var/lib/sluice`),
      /# mine\n(.*\n)*.*usr\/bin\/sluice.*No such[^]*usr\/lib\/sluice.*No such[^]*example.*No such[^]*sluice\.yaml\n[^]*blobs\n/,
    );
  });

  test("the .rpm brings the same", async (t) => {
    const system = await freshSystem(t, ".rpm");
    if (system === undefined) return;
    const said = await system.run(`
      rpm --install --nodeps /srv/sluice
      rpm --verify --nodeps sluice
      sluice --version
      ${IMPORT}
      rpm --erase sluice 2>&1
      ls /usr/lib/sluice 2>&1 || :`);
    match(said, /stable: m \d{8}T\d{6}Z/);
    match(said, /^sluice 755\nsluice 755$/m);
    match(said, /No such file/);
  });

  test("the .tar.xz runs from a folder with spaces, and through a link; its server has workers", async () => {
    const folder = join(await sites.folder("un packed"), "a b");
    await mkdir(folder, { recursive: true });
    await must("tar", ["-xf", await made(".tar.xz"), "-C", folder]);
    const [name = ""] = await readdir(folder);
    await symlink(join("a b", name, "bin/sluice"), join(folder, "../linked"));
    const sluice = join(folder, "../linked");
    const config = join(sites.outer.home, "sluice.yaml");
    const again = await sites.folder("again");
    const env = plainEnv({ PATH: "/usr/bin:/bin", HOME: sites.outer.home });
    await must(
      sluice,
      ["--config", config, "export", "--to", again, "--channel", "stable", "--part-size", "64KiB", "--full"],
      { env },
    );
    deepEqual(await digestsBelow(again), await digestsBelow(bundle));
    // Beside the program; each file of a bundle is bounded, this one too.
    await copyFile(await made(".tar.xz"), join(folder, basename(await made(".tar.xz"))));
    const withSluice = ["--config", config, "export", "--channel", "stable", "--full", "--with-sluice"];
    match(
      (await run(sluice, [...withSluice, "--to", again, "--part-size", "64KiB"], { env })).stderr,
      /larger than --part-size/,
    );
    const stick = await sites.folder("stick");
    await must(sluice, [...withSluice, "--to", stick], { env });
    await must("sh", [join(stick, "verify.sh")], { env });
    const server = spawn(
      sluice,
      ["--config", config, "serve", "--listen", "127.0.0.1:0", "--workers", "2", "--json"],
      { env, stdio: ["ignore", "pipe", "inherit"], timeout: 60_000, killSignal: "SIGKILL" },
    );
    const ended = once(server, "exit");
    const [line] = (await once(createInterface(server.stdout), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    match(await (await fetch(`${url}/m/stable/dists/trixie/Release`)).text(), /^Codename: trixie$/m);
    match(await (await fetch(`${url}/_/metrics`)).text(), /^sluice_http_workers 2$/m);
    server.kill("SIGTERM");
    deepEqual(await ended, [0, null]);
  });

  test("the npm package installs without a registry, on a Node that is there", async () => {
    const home = await sites.folder("npm");
    await mkdir(home);
    await must(
      "npm",
      ["install", "--offline", "--no-audit", "--no-fund", "--prefix", home, await made(".tgz")],
      { env: { HOME: home, npm_config_cache: join(home, "cache") }, cwd: home },
    );
    deepEqual(
      (await readdir(join(home, "node_modules"))).filter((name) => !name.startsWith(".")),
      ["sluice"],
    );
    const sluice = join(home, "node_modules/.bin/sluice");
    match(await must(sluice, ["--version"]), /^0\.\d+\.\d+$/m);
    match(await must(sluice, ["--config", join(sites.outer.home, "sluice.yaml"), "list"]), /\bm\b/);
  });
});
