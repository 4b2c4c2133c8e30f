import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { ECOSYSTEMS } from "../ecosystems/index.ts";
import { z } from "zod";
import { parseConfig } from "./parse.ts";
import { publishedSchema } from "./schema.ts";
import type { MirrorConfig } from "./types.ts";

const KEYRING = "/usr/share/keyrings/vendor.gpg";

function configOf(mirror: object): MirrorConfig {
  const text = JSON.stringify({ mirrors: { debian: { ecosystem: "apt", ...mirror } } });
  const [read] = parseConfig(text, "/etc/sluice/sluice.yaml", ECOSYSTEMS).mirrors;
  return read ?? assert.fail("no mirror");
}

const long = {
  upstream: "https://deb.example.org/debian/",
  suites: ["trixie", "trixie-updates"],
  components: ["main", "contrib"],
  architectures: ["amd64", "arm64"],
  keyring: KEYRING,
};

test("each form that apt has says the same as the keys that it stands for", () => {
  const options = `[arch=amd64,arm64 signed-by=${KEYRING}]`;
  const line = (suite: string): string =>
    `deb ${options} https://deb.example.org/debian ${suite} main contrib`;
  const deb822 = {
    Types: "deb",
    URIs: "https://deb.example.org/debian",
    Suites: "trixie trixie-updates",
    Components: "main contrib",
    Architectures: "amd64 arm64",
    "Signed-By": KEYRING,
  };
  const lines = Object.entries(deb822).map(([name, value]) => `${name}: ${value}\n`);
  const forms = [
    `${line("trixie")}\n${line("trixie-updates")} # and this`,
    `# Debian\n\n${line("trixie")}\n${line("trixie-updates")}\n`,
    [line("trixie"), line("trixie-updates")],
    deb822,
    { ...deb822, Suites: ["trixie", "trixie-updates"], Components: ["main", "contrib"] },
    lines.join(""),
    lines.join("").replace("Suites: ", "Suites:\n "),
  ];
  for (const repository of forms)
    assert.deepEqual(configOf({ repository }), configOf(long), JSON.stringify(repository));
});

test("what it does not say stands beside it", () => {
  const repository = "deb https://deb.example.org/debian trixie main";
  const { options, trust } = configOf({
    repository,
    architectures: ["amd64"],
    languages: "none",
    trust: "none",
  });
  assert.deepEqual([options["languages"], options["architectures"], trust.kind], ["none", ["amd64"], "none"]);
});

test("sources, several addresses, languages, pins and expiry", () => {
  const fingerprint = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
  const { options, ...rest } = configOf({
    repository: {
      Types: "deb deb-src",
      URIs: "https://a.example.org/debian https://b.example.org/debian",
      Suites: "./",
      Architectures: "amd64",
      Languages: "none",
      "Signed-By": fingerprint,
      "Check-Valid-Until": "no",
    },
    keyring: KEYRING,
  });
  assert.deepEqual(rest.upstream, ["https://a.example.org/debian", "https://b.example.org/debian"]);
  assert.deepEqual([options["suites"], options["sources"], options["languages"]], [["./"], true, []]);
  assert.equal(options["components"], undefined);
  assert.equal(rest.allowExpired, true);
  assert.deepEqual(rest.trust.kind === "keys" && rest.trust.signedBy, [fingerprint]);
  const lines = ["deb-src http://deb.example.org/d s main", "deb http://deb.example.org/d s main"];
  const both = configOf({ repository: lines, architectures: ["amd64"], keyring: KEYRING });
  assert.deepEqual([both.options["suites"], both.options["sources"]], [["s"], true]);
});

const KEY = [
  "-----BEGIN PGP PUBLIC KEY BLOCK-----",
  "Comment: vendor",
  "",
  "mDMEabc+/=",
  "=abcd",
  "-----END PGP PUBLIC KEY BLOCK-----",
];

test("the key itself in Signed-By, as text, as map and in `keyring`", () => {
  const written = KEY.map((line) => ` ${line === "" ? "." : line}\n`).join("");
  const source = "URIs: http://deb.example.org/x\nSuites: y/\n";
  const key = `${KEY.join("\n")}\n`;
  const map = { URIs: "http://deb.example.org/x", Suites: "y/" };
  const forms = [
    { repository: `${source}Signed-By:\n${written}` },
    { repository: { ...map, "Signed-By": written } },
    { repository: { ...map, "Signed-By": key } },
    { repository: source, keyring: key },
  ];
  for (const form of forms)
    assert.deepEqual(configOf({ architectures: ["amd64"], ...form }).trust, {
      kind: "keys",
      keyrings: [],
      embedded: [key],
      signedBy: [],
      allowWeak: [],
    });
  const both = configOf({ repository: source, architectures: ["amd64"], keyring: [key, KEYRING] }).trust;
  assert.deepEqual(both.kind === "keys" && [both.keyrings, both.embedded], [[KEYRING], [key]]);
});

test("a file with a fingerprint of a key in it", () => {
  const fingerprint = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
  const line = `deb [arch=amd64 signed-by=${KEYRING},${fingerprint}!] http://deb.example.org/debian trixie main`;
  const { trust } = configOf({ repository: line });
  assert.deepEqual(trust.kind === "keys" && [trust.keyrings, trust.signedBy], [
    [KEYRING],
    [`${fingerprint}!`],
  ]);
});

test("what tools write for hosts alone is passed over; additions and removals count", () => {
  const { options } = configOf({
    repository: {
      "X-Repolib-Name": "Vendor",
      Enabled: "yes",
      Types: "deb",
      URIs: "http://deb.example.org/debian",
      Suites: "trixie",
      Components: "main",
      PDiffs: "yes",
      "By-Hash": "force",
      "Targets-Remove": "Contents-deb",
      Architectures: "amd64 i386",
      "Architectures-Add": "arm64 amd64",
      "Architectures-Remove": "i386",
      "Languages-Add": "de",
    },
    keyring: KEYRING,
  });
  assert.deepEqual(options["architectures"], ["amd64", "arm64"]);
  assert.deepEqual(options["languages"], ["en", "de"]);
  const line = "deb [arch=amd64 arch+=i386 lang-=en target-=DEP-11 target+=x target=y] http://x/ y z";
  const short = configOf({ repository: line, keyring: KEYRING }).options;
  assert.deepEqual([short["architectures"], short["languages"]], [["amd64", "i386"], []]);
});

test("is refused at its place, saying what is wrong", () => {
  const line = "deb http://deb.example.org/debian trixie main";
  const cases: [repository: unknown, more: object, says: RegExp][] = [
    ["debian trixie", {}, /repository holds what is not a source: it, line 1/],
    ["rpm http://x/ y z", {}, /repository holds what is not a source: it, line 1/],
    ["Types: deb\nnonsense", {}, /repository its text, line 2, has no colon/],
    ["Types: deb\n\nTypes: deb\n", {}, /holds more than one stanza/],
    ["", {}, /repository must not be empty/],
    [7, {}, /repository must be text, but this is a number/],
    ["# nothing\ndeb x", {}, /holds what is not a source: it, line 2/],
    ["deb-src http://deb.example.org/debian trixie main", {}, /has source packages only/],
    [[line, "deb http://other.example.org/debian trixie main"], {}, /differ in more than type and suite/],
    [{ Types: "rpm", URIs: "http://x/", Suites: "y" }, {}, /has the type 'rpm'/],
    ["deb ftp://deb.example.org/debian trixie main", {}, /gives `upstream`: must be a URL that begins/],
    ["deb http://me:secret@deb.example.org/debian trixie main", {}, /gives `upstream`: must not hold a user/],
    ["deb http://deb.example.org/debian ../x main", {}, /gives `suites`: a suite is not a plain/],
    ["deb http://deb.example.org/debian ./ main", {}, /gives `components`: '\.\/' is a flat repository/],
    [{ URIs: "http://deb.example.org/debian", Components: "main" }, {}, /gives `suites`: must not be empty/],
    ["deb [trusted=yes] http://deb.example.org/debian trixie main", {}, /say `trust: none` beside it/],
    [
      "deb [check-date=no] http://deb.example.org/debian trixie main",
      {},
      /the option 'check-date', which means nothing/,
    ],
    [
      { URIs: "http://x/", Suites: "y/", "Signed-By": "-----BEGIN PGP" },
      { keyring: undefined },
      /gives `keyring`: must be the path of a keyring, or a whole armoured public key/,
    ],
    [{ URIs: "http://x/", Suites: "y/", Enabled: "no" }, {}, /is switched off: take `Enabled` out/],
    ["deb [arch+=i386] http://x/ y z", {}, /goes by a host's own architectures .* a mirror has none/],
    ["deb [arch-=i386] http://x/ y z", {}, /goes by a host's own architectures/],
    [line, { upstream: "http://x/" }, /mirrors\.debian\.upstream stands beside `repository`/],
    [line, { components: ["main"] }, /mirrors\.debian\.components stands beside `repository`/],
    ["deb [arch=amd64] http://x/ y z", {}, /mirrors\.debian\.architectures stands beside `repository`/],
    [line, { architectures: undefined }, /mirrors\.debian\.architectures is missing/],
    [line, { keyring: undefined }, /has no key/],
  ];
  for (const [repository, more, says] of cases) {
    const mirror = { architectures: ["amd64"], keyring: KEYRING, ...more, repository };
    assert.throws(
      () => configOf(mirror),
      (error: unknown) => {
        assert.ok(error instanceof SluiceError, String(error));
        assert.equal(error.code, "config_invalid");
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
});

test("is in the published schema, in place of the keys that it stands for", () => {
  const schema = publishedSchema(ECOSYSTEMS);
  const accepts = (mirror: object): boolean =>
    z.safeParse(schema, { mirrors: { m: { ecosystem: "apt", keyring: KEYRING, ...mirror } } }).success;
  const repository = "deb [arch=amd64] http://deb.example.org/debian trixie main";
  assert.ok(accepts({ repository }));
  assert.ok(!accepts({ repository, suites: ["trixie"] }));
  assert.ok(accepts(long));
  assert.ok(!accepts({ ...long, repository }));
  assert.ok(!accepts({}));
});
