import assert from "node:assert/strict";
import { lstat, readFile, readdir, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { after, describe, test } from "node:test";
import { aptClient, type AptClient } from "../../../test/clients/apt.ts";
import { needs } from "../../../test/needs.ts";
import { Cleanup } from "../../../test/temp.ts";
import { stateFolder } from "./client-conf.ts";
import { installScript } from "./install-script.ts";

const PLACE = "deb.example.org/debian";
const DEBIAN = `http://${PLACE}`;

/** What mirrors have of the archive, in the words of their scripts: suite, types, lacking components, lacking architectures. */
const MIRRORS = {
  main: ["trixie deb contrib,non-free arm64,i386", "stable deb contrib,non-free arm64,i386"],
  contrib: ["trixie deb,deb-src main,non-free arm64,i386"],
  updates: ["trixie-updates deb,deb-src - arm64", "trixie-backports deb - -"],
  whole: ["trixie deb,deb-src - -", "./ deb - -"],
};
type Mirror = keyof typeof MIRRORS;
const NAMES = ["main", "contrib", "updates", "whole"] as const;

function scriptOf(mirror: Mirror): string {
  const file = (format: string, path: string, content: string) => ({ format, path, content });
  const source = file(
    "list",
    `/etc/apt/sources.list.d/sluice-${mirror}.list`,
    `deb http://mirror.example.org/${mirror}/ trixie main\n`,
  );
  const pins = file("preferences", `/etc/apt/preferences.d/sluice-${mirror}.pref`, "# pins\n");
  return installScript({
    mirror,
    channel: "stable",
    replaced: {
      suites: MIRRORS[mirror].map((line) => `suite ${line}`),
      uris: [PLACE, `mirror.example.org/${mirror}`],
      releases: [],
    },
    source,
    older: { source, others: [] },
    others: [pins],
    needs: [],
    own: [source.path, pins.path, `${stateFolder(mirror)}/has`],
  });
}

const ONE_LINE = {
  "sources.list": [
    "# the archive",
    `deb ${DEBIAN} trixie main contrib non-free # all of it`,
    `deb-src ${DEBIAN}/ trixie main contrib`,
    `\tdeb [ arch=amd64,i386 lang=none ]  https://user@${PLACE}/ trixie main contrib`,
    `deb [arch+=i386 arch-=amd64] ${DEBIAN} trixie updates/contrib`,
    `deb ${DEBIAN} trixie-updates main`,
    `deb [arch=arm64] ${DEBIAN} trixie main`,
    `deb ${DEBIAN} bookworm main`,
    `deb ${DEBIAN} ./`,
    "",
    `#deb ${DEBIAN} trixie main`,
    "deb http://other.example.org/debian trixie main",
    `deb ${DEBIAN} stable main contrib\r`,
    `deb ${DEBIAN} trixie-backports contrib`,
  ].join("\n"),
  "sources.list.d/vendor.list": "deb https://vendor.example.org/linux stable main",
};

const DEB822 = {
  "sources.list.d/debian.sources": [
    "# made by hand",
    "",
    "types: deb deb-src",
    `URIs: ${DEBIAN} http://other.example.org/debian`,
    "Suites: trixie",
    " trixie-updates",
    "# not all",
    " trixie-backports",
    "Components: main contrib",
    "Enabled:",
    " yes",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "",
    "Types: deb",
    `URIs: ${DEBIAN}`,
    "Suites: stable",
    "Components: main non-free",
    "Architectures: amd64 i386",
    "",
    "Enabled: no",
    "Types: deb",
    `URIs: ${DEBIAN}`,
    "Suites: trixie",
    "Components: main",
    "",
    "# a flat one",
    "Types: deb",
    `URIs: ${DEBIAN}`,
    "Suites: ./",
    "Architectures-Add: i386",
    "",
    "",
  ].join("\n"),
  "sources.list.d/vendor.sources":
    "Types: deb\nURIs: https://vendor.example.org/linux\nSuites: stable\nComponents: main",
};

describe("the set-up script on a host", { skip: needs("apt-get", "dpkg") }, () => {
  const cleanup = new Cleanup();
  after(async () => await cleanup.run());

  async function hostWith(files: Readonly<Record<string, string>>): Promise<AptClient> {
    const host = cleanup.use(await aptClient());
    for (const [path, text] of Object.entries(files)) await write(host, path, text);
    return host;
  }

  async function write(host: AptClient, path: string, text: string): Promise<void> {
    await writeFile(join(host.root, "etc/apt", path), text, { mode: 0o640 });
    await utimes(join(host.root, "etc/apt", path), 1_700_000_000, 1_700_000_000);
  }

  const textOf = async (host: AptClient, path: string): Promise<string> =>
    await readFile(join(host.root, "etc/apt", path), "utf8");

  async function edit(host: AptClient, path: string, change: (text: string) => string): Promise<void> {
    await writeFile(join(host.root, "etc/apt", path), change(await textOf(host, path)));
  }

  /** Runs the script of a mirror, which must succeed or say `code`; what it says on either stream. */
  async function run(host: AptClient, mirror: Mirror, option = "--no-test", code = 0): Promise<string> {
    const ran = await host.setUp(scriptOf(mirror), "--no-test", option);
    assert.equal(ran.code, code, ran.stdout + ran.stderr);
    return (ran.stdout + ran.stderr).replaceAll(host.root, "");
  }

  /** What is below /etc/apt: mode, time and content of each file, and where links lead. */
  async function state(host: AptClient): Promise<Record<string, string>> {
    const top = join(host.root, "etc/apt");
    const found: Record<string, string> = {};
    for (const item of await readdir(top, { recursive: true, withFileTypes: true })) {
      if (item.isDirectory()) continue;
      const path = join(item.parentPath, item.name);
      const { mode, mtimeMs } = await lstat(path);
      const content = item.isSymbolicLink() ? await readlink(path) : await readFile(path, "utf8");
      found[relative(top, path)] = `${mode.toString(8)} ${mtimeMs} ${content}`;
    }
    return found;
  }

  /** What apt would ask for: place, suite, component, architecture or `source`; of a flat one, no more than place and suite. */
  async function wanted(host: AptClient): Promise<string[]> {
    const ran = await host.get("update", "--print-uris");
    // Entries that overlap are warned of, which hosts may have.
    assert.equal(ran.code, 0, ran.stderr);
    const urls = ran.stdout
      .split("\n")
      .map((line) => /^'[a-z]+:\/\/(?:user@)?([^']*)'/.exec(line)?.[1] ?? "");
    const found = urls.flatMap((url) => {
      if (url.startsWith("mirror.")) return [];
      const flat = /^(.*)\/(\.\/)Packages/.exec(url);
      const parts = /^(.*)\/dists\/([^/]+)\/(.*)\/(?:binary-([^/]+)|source)\/(?:Packages|Sources)\b/.exec(
        url,
      );
      const [, place, suite, component, architecture = "source"] = parts ?? [];
      if (flat !== null) return [`${flat[1]} ${flat[2]}`];
      // Beside any other architecture, apt asks for this one too.
      return parts === null || architecture === "all"
        ? []
        : [`${place} ${suite} ${component} ${architecture}`];
    });
    return [...new Set(found)].toSorted();
  }

  /** The same, less what these mirrors have. */
  function without(before: readonly string[], mirrors: readonly Mirror[]): string[] {
    const lines = mirrors.flatMap((mirror) => MIRRORS[mirror].map((line) => line.split(" ")));
    return before.filter((target) => {
      const [place, suite, component = "", architecture = ""] = target.split(" ");
      return !lines.some(
        ([name, types, components, architectures]) =>
          place === PLACE &&
          suite === name &&
          types?.split(",").includes(architecture === "source" ? "deb-src" : "deb") &&
          !components?.split(",").includes(component.replace(/.*\//, "")) &&
          !architectures?.split(",").includes(architecture),
      );
    });
  }

  /** The files of the host that are not of a set-up. */
  async function others(host: AptClient): Promise<Record<string, string>> {
    const found = Object.entries(await state(host)).filter(([path]) => !/sluice/.test(path));
    return Object.fromEntries(found.map(([path, text]) => [path, text.replace(/^\S+ \S+ /, "")]));
  }

  for (const [form, files] of [
    ["one line", ONE_LINE],
    ["deb822", DEB822],
  ] as const) {
    for (const mirror of NAMES) {
      test(`${form}, ${mirror}: apt goes on asking for exactly what the mirror does not have`, async () => {
        const host = await hostWith(files);
        const [before, all] = [await state(host), await wanted(host)];
        await run(host, mirror);
        const left = await wanted(host);
        assert.deepEqual(left, without(all, [mirror]));
        assert.ok(left.length < all.length);
        const after = await state(host);
        assert.match(await run(host, mirror), /was set up already/);
        assert.deepEqual(await state(host), after);
        await run(host, mirror, "--undo");
        assert.deepEqual(await state(host), before);
      });
    }

    for (const order of [NAMES, ["contrib", "whole", "main", "updates"] as const]) {
      test(`${form}: several mirrors, taken back in the order ${order.join(", ")}`, async () => {
        const host = await hostWith(files);
        const [before, all] = [await state(host), await wanted(host)];
        for (const mirror of NAMES) await run(host, mirror);
        assert.deepEqual(await wanted(host), without(all, NAMES));
        const [first, second, third, last] = order;
        await run(host, first, "--undo");
        await run(host, second, "--undo");
        assert.deepEqual(await wanted(host), without(all, order.slice(2)));
        await run(host, third, "--undo");
        const fresh = await hostWith(files);
        await run(fresh, last);
        assert.deepEqual(await others(host), await others(fresh));
        await run(host, last, "--undo");
        assert.deepEqual(await state(host), before);
      });
    }
  }

  const ENTRY = `deb ${DEBIAN} trixie main contrib\n`;

  test("says what it leaves on, and --whole leaves nothing of these suites", async () => {
    const host = await hostWith({
      "sources.list": `${ENTRY}deb http://other.example.org/debian trixie main\n`,
    });
    const said = await run(host, "main");
    assert.doesNotMatch(said, /mirror\.example\.org/);
    assert.match(said, /left on, since the mirror does not have it .*: deb http:\S+ trixie contrib$/m);
    assert.match(
      said,
      /left on, since nothing shows .*: deb http:\/\/other\.example\.org\/debian trixie main$/m,
    );
    assert.doesNotMatch(await run(host, "main", "--whole"), /does not have it/);
    assert.deepEqual(await wanted(host), ["other.example.org/debian trixie main amd64"]);
    // Also where another set-up settles the entry anew.
    await run(host, "contrib");
    await run(host, "contrib", "--undo");
    assert.deepEqual(await wanted(host), ["other.example.org/debian trixie main amd64"]);
    await run(host, "main");
    assert.equal((await wanted(host)).length, 2);
  });

  test("--keep leaves all on; --help says what there is", async () => {
    const host = await hostWith({ "sources.list": ENTRY });
    await run(host, "main", "--keep");
    assert.equal(await textOf(host, "sources.list"), ENTRY);
    assert.match(await run(host, "main", "--help"), /^sh FILE --undo /m);
    await run(host, "main", "--other", 2);
    assert.equal((await host.setUp(scriptOf("main"), "--keep", "--whole")).code, 2);
  });

  test("takes back what is its own in a file that was changed since, and keeps what the change took away", async () => {
    const host = await hostWith({ "sources.list": ENTRY, "sources.list.d/a.list": ENTRY });
    await run(host, "main");
    await edit(host, "sources.list", (text) => `# mine\n${text}deb http://mine.example.org/ ./\n`);
    await edit(host, "sources.list.d/a.list", () => "# mine\n");
    const said = await run(host, "main", "--undo", 1);
    assert.match(
      said,
      /a\.list was changed since, and is left so; its old form is \/etc\/apt\/sluice\/_\/old\/\S+a\.list$/m,
    );
    assert.equal(await textOf(host, "sources.list"), `# mine\n${ENTRY}deb http://mine.example.org/ ./\n`);
    assert.equal(await textOf(host, "sources.list.d/a.list"), "# mine\n");
    assert.equal(await textOf(host, join("sluice/_/old", host.root, "etc/apt/sources.list.d/a.list")), ENTRY);
    // That is the end of it.
    assert.match(await run(host, "main", "--undo"), /is not set up here/);
  });

  test("keeps what was changed in its own files, but not pins", async () => {
    const host = await hostWith({});
    const [source, pins] = ["sources.list.d/sluice-main.list", "preferences.d/sluice-main.pref"];
    const old = join("sluice/_/old", host.root, "etc/apt");
    await run(host, "main");
    await edit(host, source, (text) => `${text}# mine\n`);
    await edit(host, pins, (text) => `${text}# mine\n`);
    assert.match(
      await run(host, "main"),
      /sluice-main\.list was changed since .* kept in \S+\/old\/\S+main\.list$/m,
    );
    await edit(host, source, (text) => `${text}# mine too\n`);
    assert.match(await run(host, "main", "--undo"), /sluice-main\.list was changed since .*main\.list\.1$/m);
    assert.match(await textOf(host, join(old, source)), /# mine$/m);
    assert.match(await textOf(host, join(old, `${source}.1`)), /# mine too$/m);
    const left = Object.keys(await state(host));
    assert.deepEqual(left.filter((path) => /sluice/.test(path)).toSorted(), [
      join(old, source),
      join(old, `${source}.1`),
    ]);
  });

  test("a mirror may take the place of another one's own source, and give it back", async () => {
    for (const first of ["main", "whole"] as const) {
      const host = await hostWith({ "sources.list": ENTRY });
      const before = await state(host);
      await run(host, "main");
      await edit(host, "sources.list.d/sluice-main.list", (text) =>
        text.replace("mirror.example.org/main", PLACE),
      );
      await writeFile(
        join(host.root, "etc/apt/sluice/main/written"),
        `${join(host.root, "etc/apt/sources.list.d/sluice-main.list")} none\n`,
      );
      await run(host, "whole");
      assert.deepEqual(await wanted(host), []);
      await run(host, first, "--undo");
      await run(host, first === "main" ? "whole" : "main", "--undo");
      const left = Object.entries(await state(host)).filter(([path]) => !path.startsWith("sluice/_/old"));
      assert.deepEqual(Object.fromEntries(left), before);
    }
  });

  test("a run that was cut off is put back by the next one, whichever mirror's it is", async () => {
    const apply = 'if there "$work/new$path"; then place';
    assert.ok(scriptOf("main").includes(apply));
    for (const at of [1, 2, 3]) {
      const count = `n=$((\${n:-0} + 1)); [ $n -lt ${at} ] || kill -9 $$; `;
      const killed = scriptOf("main").replace(apply, () => count + apply);
      const host = await hostWith(ONE_LINE);
      const before = await state(host);
      assert.equal((await host.setUp(killed, "--no-test")).signal, "SIGKILL");
      assert.match(await run(host, "updates"), /cut off: putting back/);
      await run(host, "updates", "--undo");
      assert.deepEqual(await state(host), before);
      await run(host, "main");
      assert.equal((await host.setUp(killed, "--undo")).signal, "SIGKILL");
      assert.notDeepEqual(await state(host), before);
      assert.match(await run(host, "main", "--undo"), /cut off: putting back/);
      assert.deepEqual(await state(host), before);
    }
  });

  test("a link is put back as a link, and what it leads to is never changed", async () => {
    const host = await hostWith({ "shared-entries": ENTRY });
    await symlink("../shared-entries", join(host.root, "etc/apt/sources.list.d/linked.list"));
    const before = await state(host);
    await run(host, "main");
    assert.match(await textOf(host, "sources.list.d/linked.list"), /^# replaced/);
    assert.equal(await textOf(host, "shared-entries"), ENTRY);
    await run(host, "main", "--undo");
    assert.deepEqual(await state(host), before);
  });
});
