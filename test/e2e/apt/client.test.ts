import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { lstat, mkdir, readFile, readdir, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import type { AptRepository } from "../../upstreams/apt.ts";
import { GENERATIONS } from "./generations.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const UPSTREAM = "http://deb.example.org/debian";

/** Sources as hosts have them; `trixie` is what the mirror replaces. */
const HOST_FILES: Readonly<Record<string, string>> = {
  "etc/apt/sources.list": [
    "# the archive",
    `deb [ arch=amd64 lang=none ]  ${UPSTREAM}/ trixie main contrib`,
    `deb-src ${UPSTREAM} stable main`,
    `deb ${UPSTREAM} bookworm main`,
    "deb https://vendor.example.org/debian trixie main",
    "",
  ].join("\n"),
  "etc/apt/sources.list.d/more.list": `deb https://user:word@deb.example.org/debian trixie non-free`,
  "etc/apt/sources.list.d/debian.sources": [
    "Types: deb deb-src",
    `URIs: ${UPSTREAM}/`,
    "Suites: trixie",
    " trixie-backports",
    "# of the system",
    "Components: main",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "types: deb",
    "enabled: yes",
    `uris: ${UPSTREAM}`,
    "suites: trixie",
    "components: main",
    "",
    "Enabled: no",
    "Types: deb",
    `URIs: ${UPSTREAM}`,
    "Suites: trixie",
    "Components: main",
  ].join("\n"),
  "etc/apt/sources.list.d/vendor.sources":
    "Types: deb\nURIs: https://vendor.example.org/linux/debian\nSuites: trixie\nComponents: stable\n",
};

const SWITCHED: Readonly<Record<string, string>> = {
  "etc/apt/sources.list": [
    "# the archive",
    `# replaced by the mirror m: deb [ arch=amd64 lang=none ]  ${UPSTREAM}/ trixie main contrib`,
    `deb-src ${UPSTREAM} stable main`,
    `deb ${UPSTREAM} bookworm main`,
    "deb https://vendor.example.org/debian trixie main",
    "",
  ].join("\n"),
  "etc/apt/sources.list.d/more.list": `# replaced by the mirror m: deb https://user:word@deb.example.org/debian trixie non-free\n`,
  "etc/apt/sources.list.d/debian.sources": [
    "# replaced by the mirror m",
    "Enabled: no",
    "Types: deb deb-src",
    `URIs: ${UPSTREAM}/`,
    "Suites: trixie",
    " trixie-backports",
    "# of the system",
    "Components: main",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "# not in the mirror m",
    "Types: deb-src",
    `URIs: ${UPSTREAM}/`,
    "Suites: trixie",
    "Components: main",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "# not in the mirror m",
    "Types: deb deb-src",
    `URIs: ${UPSTREAM}/`,
    "Suites: trixie-backports",
    "Components: main",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "# replaced by the mirror m",
    "Enabled: no",
    "types: deb",
    "# was on: enabled: yes",
    `uris: ${UPSTREAM}`,
    "suites: trixie",
    "components: main",
    "",
    "Enabled: no",
    "Types: deb",
    `URIs: ${UPSTREAM}`,
    "Suites: trixie",
    "Components: main",
    "",
  ].join("\n"),
};

/** Everything below the host's /etc/apt: kind, mode, time and content. */
async function state(apt: AptClient): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const top = join(apt.root, "etc/apt");
  for (const item of await readdir(top, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    const { mode, mtimeMs } = await lstat(path);
    const content = item.isFile()
      ? await readFile(path, "utf8")
      : item.isSymbolicLink()
        ? await readlink(path)
        : "";
    const time = item.isDirectory() ? "" : mtimeMs;
    found[relative(top, path)] = `${mode.toString(8)} ${time} ${content}`;
  }
  return found;
}

async function hostWith(apt: AptClient, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(apt.root, path, ".."), { recursive: true });
    await writeFile(join(apt.root, path), text, { mode: 0o640 });
    await utimes(join(apt.root, path), 1_700_000_000, 1_700_000_000);
  }
}

suite("sluice client", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  before(async () => {
    lab = await openLab();
    const upstream = await lab.upstream({ packages: [{ name: "tool", version: "1" }] });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ m: mirrorOf(upstream, server.url) });
    assertSynced(await site.sync("m"), "updated");
  });
  after(async () => await lab.cleanup.run());

  test("prints each file by its format, all of them with --json", async () => {
    const [all] = await site.json<{ url: string; files: { format: string; content: string }[] }>(
      "client",
      "m",
      "--url",
      "https://deb.example.org/sluice/",
      "--fallback",
      "http://a.example.org/debian",
      "http://b.example.org/debian/",
    );
    equal(all?.url, "https://deb.example.org/sluice/m/latest");
    deepEqual(
      all?.files.map(({ format }) => format),
      ["deb822", "list", "key", "preferences", "mirrors", "script"],
    );
    const tabs = [1, 2, 3].map((priority) => `\tpriority:${priority}\n`);
    equal(
      all?.files.find(({ format }) => format === "mirrors")?.content,
      `https://deb.example.org/sluice/m/latest/${tabs[0]}http://a.example.org/debian/${tabs[1]}http://b.example.org/debian/${tabs[2]}`,
    );
    equal(
      (await site.ok("client", "m", "--format", "list")).stdout
        .split("\n")[1]
        ?.startsWith("deb [arch=amd64 "),
      true,
    );
  });

  test("says what cannot be", async () => {
    for (const [options, words] of [
      [["--format", "other"], /no format 'other' for m: choose one of deb822, list, key/],
      [["--valid-for", "soon"], /--valid-for takes a time such as 90d, not 'soon'/],
      [["--snapshot", "stable"], /'stable' is not a time in the form of an id/],
      [["--snapshot", "20200101T000000Z"], /no snapshot that is as old as 20200101T000000Z/],
      [["--snapshot", "20991231T000000Z", "--fallback", "http://a.example.org"], /cannot fall back/],
      [["--exclude", "--fallback", "http://a.example.org"], /nothing to exclude: leave one of the two out/],
      [["--url", "http://user:word@deb.example.org"], /The site's URL cannot be used/],
      [["--url", "http://deb.example.org/'"], /The site's URL cannot be used/],
      [["--fallback", "ftp://a.example.org"], /The fallback URL cannot be used/],
      [["--channel", "other"], /not in a channel 'other'/],
    ] as const) {
      const ran = await site.run("client", "m", ...options);
      equal(ran.code, 2, `${options.join(" ")}: ${ran.stderr}`);
      match(ran.stderr, words);
    }
  });
});

for (const { name, system, skip } of GENERATIONS) {
  suite(`the set-up script, with ${name}`, { skip }, () => {
    let lab: Lab;
    let upstream: AptRepository;
    let site: SluiceSite;
    let served: Served;
    before(async () => {
      lab = await openLab();
      upstream = await lab.upstream();
      const server = await lab.server(upstream.root);
      site = await lab.site();
      // The first upstream is what hosts have; it does not answer, and the second one does.
      await site.configure({ m: mirrorOf(upstream, server.url, { upstream: [server.url, UPSTREAM] }) });
      assertSynced(await site.sync("m"), "updated");
      await site.ok("promote", "latest", "stable", "--yes");
      served = lab.cleanup.use(await site.serve());
    });
    after(async () => await lab.cleanup.run());

    const apt = async (): Promise<AptClient> => await lab.apt({ system });
    const script = async (query = ""): Promise<string> =>
      await (await fetch(`${served.url}/_/setup/m/stable${query}`)).text();

    test("replaces entries of the same archive, is a no-op when run again, and undoes itself", async () => {
      const host = await apt();
      await hostWith(host, HOST_FILES);
      await symlink("../more", join(host.root, "etc/apt/sources.list.d/linked.list"));
      await writeFile(join(host.root, "etc/apt/more"), `deb ${UPSTREAM} trixie main\n`);
      const before = await state(host);

      const first = await host.setUp(await script());
      equal(first.code, 0, first.stderr);
      match(first.stdout, /left on, .*: deb https:\/\/vendor\.example\.org\/debian trixie main$/m);
      for (const [path, text] of Object.entries({ ...HOST_FILES, ...SWITCHED })) {
        equal(await readFile(join(host.root, path), "utf8"), text, path);
        equal((await lstat(join(host.root, path))).mode & 0o777, 0o640, path);
      }
      equal((await lstat(join(host.root, "etc/apt/sources.list.d/sluice-m.sources"))).mode & 0o777, 0o644);

      const after = await state(host);
      const second = await host.setUp(await script());
      equal(second.code, 0, second.stderr);
      match(second.stdout, /was set up already/);
      deepEqual(await state(host), after);

      const undone = await host.setUp(await script(), "--undo");
      equal(undone.code, 0, undone.stderr);
      const restored = await state(host);
      // Empty folders may stay.
      for (const path of Object.keys(restored)) if (path === "keyrings") delete restored[path];
      deepEqual(restored, before);
      equal((await host.setUp(await script(), "--undo")).code, 0);
    });

    test("is what a host needs to update and install, by one line", async () => {
      const host = await apt();
      await writeFile(join(host.root, "etc/apt/sources.list"), `deb ${UPSTREAM} trixie main\n`);
      const setUp = await host.setUp(await script());
      equal(setUp.code, 0, setUp.stderr);
      clean(await host.update());
      clean(await host.install("tool", "doc"));
    });

    test("takes another mirror's entry for the same repository, by what apt knows of it", async () => {
      const server = await lab.server(upstream.root);
      const host = await apt();
      const mirrors = join(host.root, "etc/apt/mirrors.txt");
      // Cloud images name their mirrors in such a file.
      for (const place of [server.url, `file://${upstream.root}`, `mirror+file://${mirrors}`]) {
        await writeFile(mirrors, `${server.url}\n`);
        const entry = `deb [signed-by=${lab.vendor.armoured}] ${place} trixie main\n`;
        await writeFile(join(host.root, "etc/apt/sources.list"), entry);
        clean(await host.update());
        const setUp = await host.setUp(await script());
        equal(setUp.code, 0, setUp.stderr);
        equal(
          await readFile(join(host.root, "etc/apt/sources.list"), "utf8"),
          `# replaced by the mirror m: ${entry}`,
        );
        clean(await host.update());
        equal((await host.setUp(await script(), "--undo")).code, 0);
      }
    });

    test("puts everything back where apt cannot use the mirror, and says so", async () => {
      const host = await apt();
      await hostWith(host, HOST_FILES);
      const before = await state(host);
      const text = (await script()).replaceAll(served.url, "http://127.0.0.1:9");
      const failed = await host.setUp(text);
      equal(failed.code, 1);
      match(failed.stderr, /everything is as it was before/);
      match(failed.stderr, /127\.0\.0\.1:9/);
      deepEqual(await state(host), before);
      const untested = await host.setUp(text, "--no-test");
      equal(untested.code, 0, untested.stderr);
      notEqual((await host.update()).code, undefined);
      const kept = await host.setUp(await script(), "--keep");
      equal(kept.code, 0, kept.stderr);
      equal((await host.setUp(text, "--other")).code, 2);
    });

    test("that was cut off anywhere is put back by the next one", async () => {
      const text = await script();
      const apply = 'place "$work/new$path" "$path"; else';
      ok(text.includes(apply));
      for (const at of [1, 2, 4, 5]) {
        const host = await apt();
        await hostWith(host, HOST_FILES);
        const before = await state(host);
        const count = `n=$((\${n:-0} + 1)); [ $n -lt ${at} ] || kill -9 $$; `;
        const killed = await host.setUp(text.replace(apply, () => count + apply));
        equal(killed.signal ?? killed.code, "SIGKILL", killed.stderr);
        notEqual(JSON.stringify(await state(host)), JSON.stringify(before));
        const next = await host.setUp(text);
        equal(next.code, 0, next.stderr);
        match(next.stdout, /cut off: putting back/);
        equal((await host.setUp(text, "--undo")).code, 0);
        const restored = await state(host);
        delete restored["keyrings"];
        deepEqual(restored, before);
      }
    });

    test("leaves what was changed after it, and keeps the old form", async () => {
      const host = await apt();
      await hostWith(host, HOST_FILES);
      equal((await host.setUp(await script())).code, 0);
      const path = join(host.root, "etc/apt/sources.list.d/more.list");
      await writeFile(path, "# mine\n");
      const undone = await host.setUp(await script(), "--undo");
      equal(undone.code, 1);
      match(undone.stderr, /more\.list was changed since/);
      equal(await readFile(path, "utf8"), "# mine\n");
      const saved = join(host.root, "etc/apt/sluice/_/old", path);
      equal(await readFile(saved, "utf8"), HOST_FILES["etc/apt/sources.list.d/more.list"]);
      equal(
        await readFile(join(host.root, "etc/apt/sources.list"), "utf8"),
        HOST_FILES["etc/apt/sources.list"],
      );
      equal((await host.setUp(await script(), "--undo")).code, 0);
    });

    test("in one-line style with the key beside it, as for an apt of before 2.3.10", async () => {
      const host = await apt();
      const setUp = await host.setUp((await script()).replace("if apt_has 2.3.10", "if false"));
      equal(setUp.code, 0, setUp.stderr);
      deepEqual((await readdir(join(host.root, "etc/apt/sources.list.d"))).toSorted(), ["sluice-m.list"]);
      clean(await host.update());
      clean(await host.install("tool"));
      // The other form takes its place.
      equal((await host.setUp(await script())).code, 0);
      deepEqual((await readdir(join(host.root, "etc/apt/sources.list.d"))).toSorted(), ["sluice-m.sources"]);
      ok(!(await readdir(join(host.root, "etc/apt/keyrings"))).includes("sluice-m.asc"));
      clean(await host.update());
    });
  });
}
