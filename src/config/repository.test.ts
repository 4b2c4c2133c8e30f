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
      "deb [pdiffs=no] http://deb.example.org/debian trixie main",
      {},
      /the option 'pdiffs', which means nothing/,
    ],
    [{ URIs: "http://x/", Suites: "y/", "Signed-By": "-----BEGIN PGP" }, {}, /holds the key itself/],
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
