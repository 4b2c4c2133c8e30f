import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { aptClient, clean, type AptClient } from "../../../test/clients/apt.ts";
import { needs } from "../../../test/needs.ts";
import { removeFolder, tempFolder } from "../../../test/temp.ts";
import { makeKey, type TestKey } from "../../../test/toys/key.ts";
import type { Trust } from "../../trust/contract.ts";
import type { ClientSetup, ClientWishes } from "../contract.ts";
import { client } from "./client.ts";
import {
  buildSuite,
  collect,
  memoryUpstream,
  optionsOf,
  stanza,
  type Files,
} from "./repository.test-helper.ts";
import { enumerate } from "./walk.ts";

const DAY = 86_400_000;
/** The date of the repositories that are built here. */
const DATE = Date.parse("2026-11-21T04:00:00Z");
const NOW = DATE + 2 * DAY;

let key: TestKey;
before(async () => (key = await makeKey()));

interface Snapshot {
  /** What the snapshot holds. */
  readonly files: Files;
  readonly setup: ClientSetup;
}

interface Ask {
  readonly url?: string;
  readonly channel?: string;
  readonly trust?: Trust;
  readonly hole?: string;
  /** What the record says of missing packages. */
  readonly holes?: number;
  readonly wishes?: Partial<ClientWishes>;
  readonly now?: number;
}

/** Mirrors the upstream, and asks for the set-up of that snapshot; packages need no content. */
async function snapshotOf(
  upstream: Files,
  more: Record<string, unknown>,
  context: Ask = {},
): Promise<Snapshot> {
  const trust = context.trust ?? key.trust;
  const options = optionsOf(more);
  const { entries } = await collect(enumerate(memoryUpstream(upstream), options, trust));
  const files: Files = new Map();
  for (const { path, from } of entries)
    files.set(path, upstream.get(decodeURIComponent(from)) ?? Buffer.of());
  const url = context.url ?? "http://mirror.example.org/m/stable";
  const setup = await client({
    mirror: "m",
    channel: context.channel ?? "stable",
    url,
    setupUrl: url.startsWith("http") ? "http://mirror.example.org/_/setup/m/stable" : undefined,
    upstream: ["https://deb.example.org/debian"],
    options,
    wishes: { fallback: [], exclude: false, ...context.wishes },
    now: context.now ?? NOW,
    facts: async (find) =>
      find({
        files: memoryUpstream(files, "path"),
        trust,
        has: (path) => files.has(path) && path !== context.hole,
        holes: context.holes ?? 0,
      }),
  });
  return { files, setup };
}

function contentOf(setup: ClientSetup, format: string): string {
  return setup.files.find((file) => file.format === format)?.content ?? assert.fail(`no ${format}`);
}

function fieldsOf(setup: ClientSetup): string[] {
  return contentOf(setup, "deb822")
    .split("\n")
    .filter((line) => line !== "" && !/^[ #]/.test(line) && line !== "Signed-By:");
}

const MAIN = "main/binary-amd64/Packages";
const MAIN_ARM = "main/binary-arm64/Packages";

test("a time is not asked of a repository that gives apt no name to find its snapshots by", async () => {
  const bare = await buildSuite(key, {
    indices: { [MAIN]: stanza("hello") },
    fields: { Components: "main", Label: undefined, Origin: undefined },
  });
  await assert.rejects(snapshotOf(bare, {}, { wishes: { snapshot: "20261121T040000Z" } }), {
    code: "usage",
    message: /neither Label nor Origin/,
  });
});

describe("the source", () => {
  test("asks for what is there, and carries the key", async () => {
    const upstream = await buildSuite(key, {
      indices: { [MAIN]: stanza("hello"), "main/i18n/Translation-en": "Package: hello\n" },
      fields: { Components: "main" },
    });
    const { setup } = await snapshotOf(upstream, { architectures: ["amd64", "all"] });
    assert.deepEqual(fieldsOf(setup), [
      "Types: deb",
      "URIs: http://mirror.example.org/m/stable/",
      "Suites: stable",
      "Components: main",
      "Architectures: amd64",
      "Languages: en",
    ]);
    assert.match(contentOf(setup, "deb822"), /\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n /);
    assert.deepEqual(
      setup.files.map(({ format, path }) => [format, path]),
      [
        ["deb822", "/etc/apt/sources.list.d/sluice-m.sources"],
        ["list", "/etc/apt/sources.list.d/sluice-m.list"],
        ["key", "/etc/apt/keyrings/sluice-m.asc"],
        ["preferences", "/etc/apt/preferences.d/sluice-m.pref"],
        ["conf", "/etc/apt/apt.conf.d/sluice-m.conf"],
        ["script", "sluice-m.sh"],
      ],
    );
    assert.deepEqual(
      setup.files.flatMap(({ format, note = "" }) => (/apt 2\.3\.10/.test(note) ? [format] : [])),
      ["deb822"],
    );
    assert.deepEqual(setup.notes, []);
  });

  test("has a stanza for each set of components, and no language where there is none", async () => {
    const upstream = await buildSuite(key, { indices: { [MAIN]: stanza("hello") } });
    const security = {
      suite: "stable-security",
      fields: { Components: "updates/main" },
      indices: { [MAIN]: stanza("hello") },
    };
    await buildSuite(key, security, upstream);
    const { setup } = await snapshotOf(upstream, { suites: ["stable", "stable-security"] });
    const fields = fieldsOf(setup);
    assert.deepEqual(
      fields.filter((line) => /^(Suites|Components)/.test(line)),
      ["Suites: stable", "Components: main contrib", "Suites: stable-security", "Components: main"],
    );
    assert.equal(fields.filter((line) => line === "Languages: none").length, 2);
  });

  test("names a language only where no translation of it is missing", async () => {
    const translations = { "main/i18n/Translation-en": "x", "main/i18n/Translation-de": "x" };
    const indices = { [MAIN]: stanza("hello"), ...translations };
    const upstream = await buildSuite(key, { indices });
    await buildSuite(key, { suite: "updates", indices }, upstream);
    const more = { suites: ["stable", "updates"], languages: "all" };
    const whole = await snapshotOf(upstream, more);
    assert.ok(fieldsOf(whole.setup).includes("Languages: en de"));
    for (const suite of more.suites) {
      const hole = `dists/${suite}/main/i18n/Translation-de.gz`;
      const { setup } = await snapshotOf(upstream, more, { hole });
      assert.ok(fieldsOf(setup).includes("Languages: en"), suite);
    }
  });

  test("says `Trusted: yes` only where nobody is trusted by key", async () => {
    const upstream = await buildSuite(key, { indices: { [MAIN]: stanza("hello") } });
    const { setup } = await snapshotOf(upstream, {}, { trust: { kind: "none" } });
    assert.ok(fieldsOf(setup).includes("Trusted: yes"));
    assert.doesNotMatch(contentOf(setup, "deb822"), /Signed-By/);
    assert.match(setup.notes.join(" "), /without proof/);
    assert.ok(!fieldsOf((await snapshotOf(upstream, {})).setup).includes("Trusted: yes"));
  });
});

describe("the pins", () => {
  const mixed =
    stanza("game", { Section: "games" }) +
    stanza("toy", { Section: "games" }) +
    stanza("tool") +
    stanza("base");

  test("are there for a sparse mirror that leaves something out, and then only", async () => {
    const upstream = await buildSuite(key, { indices: { [MAIN]: mixed } });
    const skip = { sections: ["games"] };
    const { setup } = await snapshotOf(upstream, { mode: "sparse", skip });
    assert.equal(
      contentOf(setup, "preferences"),
      [
        "# Pins of the mirror m, by Sluice",
        "",
        "Explanation: left out of the mirror, stable/main",
        "Package: game:any toy:any",
        "Pin: release o=Test,l=Test,n=stable,a=stable,c=main",
        "Pin-Priority: -1",
        "",
        "# End of the pins",
        "",
      ].join("\n"),
    );
    assert.match(setup.notes.join(" "), /2 packages are listed but not there/);
    // Clients go on asking for them, though nothing is left out just now.
    const whole = await snapshotOf(upstream, { mode: "sparse" });
    assert.equal(
      contentOf(whole.setup, "preferences"),
      "# Pins of the mirror m, by Sluice\n\n# End of the pins\n",
    );
    // A host that was set up before asks a verbatim mirror too.
    const verbatim = await snapshotOf(upstream, { skip });
    assert.equal(contentOf(verbatim.setup, "preferences"), contentOf(whole.setup, "preferences"));
    assert.doesNotMatch(contentOf(verbatim.setup, "script"), /put .*\.pref/);
  });

  test("hide packages that no upstream had, where they can follow or need not; a note counts those", async () => {
    const upstream = await buildSuite(key, { indices: { [MAIN]: mixed } });
    const hole = "pool/main/toy_1.0-1_amd64.deb";
    const ask = async (more: Ask): Promise<[string, string]> => {
      const { setup } = await snapshotOf(upstream, {}, more);
      return [contentOf(setup, "preferences"), setup.notes.join(" ")];
    };
    assert.doesNotMatch((await ask({})).join(""), /allow-missing|Package:/);
    for (const more of [{}, { channel: "20261121T040000Z" }]) {
      const [pins, notes] = await ask({ holes: 1, hole, ...more });
      assert.match(pins, /^Package: toy:any$/m);
      assert.match(
        notes,
        /\(allow-missing\): 1 package is listed but not there; the preferences file keeps apt from it[,.]/,
      );
    }
    const [unfollowed, stops] = await ask({ holes: 1, hole, url: "file:///srv/m/stable" });
    assert.doesNotMatch(unfollowed, /Package:/);
    assert.match(stops, /: 1 package is missing \(allow-missing\); apt stops with a 404/);
    const fallback = ["https://deb.example.org/debian"];
    const [none, asked] = await ask({ holes: 2, hole, wishes: { fallback } });
    assert.doesNotMatch(none, /Package:/);
    assert.match(asked, /2 packages are missing .*; the fallback is asked/);
  });

  test("turn round where more is left out than kept, at the release's own priority", async () => {
    for (const [fields, priority] of [
      [{}, 500],
      [{ NotAutomatic: "yes" }, 1],
      [{ NotAutomatic: "yes", ButAutomaticUpgrades: "yes" }, 100],
    ] as const) {
      const upstream = await buildSuite(key, { indices: { [MAIN]: mixed }, fields });
      const { setup } = await snapshotOf(upstream, { mode: "sparse", only: { packages: ["tool"] } });
      const text = contentOf(setup, "preferences");
      // In this order, since the first that fits counts; and no bare `*`, which `-t` would outdo.
      assert.deepEqual(text.match(/^Package: .*\nPin: release o=Test|^Pin-Priority: .*/gm), [
        "Package: tool:any\nPin: release o=Test",
        `Pin-Priority: ${priority}`,
        "Package: *:any\nPin: release o=Test",
        "Pin-Priority: -1",
      ]);
    }
  });

  test("name single versions where others of the package are kept", async () => {
    const games = { Section: "games", Version: "1.0" };
    const index =
      stanza("tool", games) +
      stanza("tool", { Version: "2.0" }) +
      stanza("data", { ...games, Architecture: "all" }) +
      stanza("data", { Version: "2.0", Architecture: "all" });
    const upstream = await buildSuite(key, { indices: { [MAIN]: index } });
    const { setup } = await snapshotOf(upstream, { mode: "sparse", skip: { sections: ["games"] } });
    assert.match(
      contentOf(setup, "preferences"),
      /^Package: tool:amd64\nPin: version 1\.0\nPin-Priority: -1\n$/m,
    );
    // apt takes `all` for the architecture of the host.
    assert.match(contentOf(setup, "preferences"), /^Package: data\nPin: version 1\.0\n/m);
  });

  test("go version by version where the Release does not say whose it is: other mirrors of this host stay untouched", async () => {
    for (const fields of [
      { Origin: undefined, Label: undefined },
      { Origin: "A, B", Label: "x*" },
    ]) {
      const upstream = await buildSuite(key, { indices: { [MAIN]: mixed }, fields });
      const { setup } = await snapshotOf(upstream, { mode: "sparse", skip: { sections: ["games"] } });
      const pins = contentOf(setup, "preferences");
      assert.doesNotMatch(pins, /^Pin: origin|^Package: \*/m);
      assert.match(pins, /^Package: \S+:amd64\nPin: version \S+\nPin-Priority: -1$/m);
      assert.match(setup.notes.join(" "), /version by version/);
    }
  });

  test("come in records of a length that a person can read", async () => {
    const names = Array.from({ length: 450 }, (_, at) => `n${at}`);
    const index = names.map((name) => stanza(name, { Section: "games" })).join("");
    const kept = names.map((name) => stanza(`k${name}`)).join("");
    const upstream = await buildSuite(key, { indices: { [MAIN]: index + kept } });
    const { setup } = await snapshotOf(upstream, { mode: "sparse", skip: { sections: ["games"] } });
    const records = contentOf(setup, "preferences").match(/^Package: .*$/gm) ?? [];
    assert.deepEqual(
      records.map((line) => line.split(" ").length - 1),
      [200, 200, 50],
    );
  });
});

describe("the real apt takes the set-up", { skip: needs("apt-get", "apt-cache") }, () => {
  let apt: AptClient;
  let folder: string;
  before(async () => {
    apt = await aptClient();
    folder = await tempFolder("mirror");
  });
  after(async () => {
    await apt[Symbol.asyncDispose]();
    await removeFolder(folder);
  });

  async function setUp(upstream: Files, more: Record<string, unknown>): Promise<void> {
    const { files, setup } = await snapshotOf(upstream, more, { url: `file://${folder}` });
    await removeFolder(folder);
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const ran = await apt.setUp(contentOf(setup, "script"));
    assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    clean(await apt.update());
  }

  test("with pins for names, versions and other architectures, and by the general form", async () => {
    const index =
      stanza("game", { Section: "games" }) +
      stanza("mixed", { Section: "games", Version: "3.0" }) +
      stanza("mixed", { Version: "2.0" }) +
      ["tool", "base", "more"].map((name) => stanza(name)).join("");
    const arm = index.replaceAll("Architecture: amd64", "Architecture: arm64").replaceAll("_amd64", "_arm64");
    const upstream = await buildSuite(key, {
      indices: { [MAIN]: index, [MAIN_ARM]: arm, "main/i18n/Translation-en": "Package: game\n" },
      fields: { Suite: "stable", Codename: "trixie", Origin: "Test Vendor, Inc", Label: "Test (Label) 1" },
      byHash: true,
      detached: true,
    });
    await writeFile(join(apt.root, "var/lib/dpkg/arch"), "amd64\narm64\n");
    const architectures = ["amd64", "arm64"];
    await setUp(upstream, { architectures, mode: "sparse", skip: { sections: ["games"] } });
    const candidates = async (...names: string[]): Promise<string[]> =>
      Promise.all(names.map(async (name) => apt.candidate(name)));
    assert.deepEqual(await candidates("game", "game:arm64", "mixed", "mixed:arm64", "tool", "tool:arm64"), [
      "(none)",
      "(none)",
      "2.0",
      "2.0",
      "1.0-1",
      "1.0-1",
    ]);
    await setUp(upstream, { architectures, mode: "sparse", only: { packages: ["tool"] } });
    assert.deepEqual(await candidates("game", "base", "base:arm64", "mixed", "tool", "tool:arm64"), [
      "(none)",
      "(none)",
      "(none)",
      "(none)",
      "1.0-1",
      "1.0-1",
    ]);
    await setUp(upstream, { architectures });
    assert.deepEqual(await candidates("game", "mixed", "base:arm64"), ["1.0-1", "3.0", "1.0-1"]);
  });
});
