import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { ECOSYSTEMS } from "../ecosystems/index.ts";
import { constantRate } from "../upstream/bandwidth.ts";
import { parseConfig } from "./parse.ts";
import { toy } from "./toy.test-helper.ts";
import type { Config } from "./types.ts";

const parse = (text: string): Config => parseConfig(text, "/etc/sluice/sluice.yaml", [toy]);

function refused(text: string): SluiceError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, "config_invalid");
    return error;
  }
  return assert.fail("the config was taken");
}

const mirror = (...lines: string[]): string =>
  ["mirrors:", "  debian:", "    ecosystem: toy", "    upstream: https://deb.example.org/debian/"]
    .concat(
      ["    suites: [trixie]", "    keyring: keys/debian.gpg"],
      lines.map((line) => `    ${line}`),
    )
    .join("\n");

test("an empty file is a site with defaults and no mirrors", () => {
  const config = parse("# nothing\n");
  assert.equal(config.data, "/var/lib/sluice");
  assert.deepEqual(config.listen, { host: "127.0.0.1", port: 8080 });
  assert.equal(config.graceMs, 86_400_000);
  assert.deepEqual(config.mirrors, []);
});

test("a whole config comes out checked and completed", () => {
  const config = parse(
    `data: store\nlisten: "[::1]:80"\nurl: https://mirror.example.org/\ngrace: 7d\n${mirror(
      "signed-by: 'abcd efab cdef abcd efab  cdef abcd efab cdef abcd'",
      "allow-weak: [sha1]",
      "mode: sparse",
      "skip: { sections: [games] }",
      "keep: { last: 3, daily: 7 }",
      "redirect-hosts: [cdn.example.org]",
      "timeout: 5s",
      "auth: { username: me, password-file: secret }",
      "tls: { ca: ca.pem }",
    )}`,
  );
  assert.equal(config.data, "/etc/sluice/store");
  assert.deepEqual(config.listen, { host: "::1", port: 80 });
  assert.equal(config.url, "https://mirror.example.org");
  assert.equal(config.graceMs, 604_800_000);
  const [found] = config.mirrors;
  assert.ok(found);
  const { ecosystem, ...rest } = found;
  assert.equal(ecosystem, toy);
  assert.deepEqual(rest, {
    name: "debian",
    upstream: ["https://deb.example.org/debian"],
    options: { suites: ["trixie"], mode: "sparse", skip: { sections: ["games"] } },
    trust: {
      kind: "keys",
      keyrings: ["/etc/sluice/keys/debian.gpg"],
      signedBy: ["ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD"],
      allowWeak: ["sha1"],
    },
    allowExpired: false,
    allowOlder: false,
    allowRename: false,
    allowEmpty: false,
    allowMissing: false,
    keep: { last: 3, hourly: 0, daily: 7, weekly: 0, monthly: 0, yearly: 0 },
    schedule: undefined,
    network: { redirectHosts: ["cdn.example.org"], timeoutSeconds: { connect: 5, headers: 5, body: 5 } },
    auth: { kind: "basic", username: "me", password: { file: "/etc/sluice/secret" } },
    tls: { ca: "/etc/sluice/ca.pem" },
  });
});

test("scrub: on by itself, gently; as told; or off", () => {
  const gently = { rate: constantRate(20e6), everyMs: 30 * 86_400_000 };
  for (const text of ["", "scrub: true\n", "scrub: {}\n", "scrub: { rate: 20MB/s, every: 30d }\n"])
    assert.deepEqual(parse(text).scrub, gently, text);
  assert.equal(parse("scrub: false\n").scrub, undefined);
  assert.deepEqual(parse("scrub: { rate: unlimited, every: 12h }\n").scrub, {
    rate: [],
    everyMs: 43_200_000,
  });
  const [night] =
    parse("scrub: { rate: [{ from: '22:00', to: '06:00', rate: 1GB/s }, { rate: 1MB/s }] }\n").scrub?.rate ??
    [];
  assert.deepEqual(night, { days: [], from: 22 * 60, to: 6 * 60, rate: 1e9 });
  for (const [text, why] of [
    ["scrub: { rate: 20 }", /scrub\.rate must be a rate with its unit/],
    ["scrub: { every: 10ms }", /scrub\.every must be at least 1s/],
    ["scrub: { evry: 1d }", /did you mean 'every'/],
    ["scrub: often", /scrub must be true or false or a map of keys/],
  ] as const)
    assert.throws(() => parse(text + "\n"), why);
});

test("workers, and how many connections a client may have", () => {
  assert.deepEqual([parse("").workers, parse("").connectionsPerClient], [1, undefined]);
  const config = parse("workers: 4\nconnections-per-client: 20\n");
  assert.deepEqual([config.workers, config.connectionsPerClient], [4, 20]);
  for (const line of ["workers: 0", "workers: 65", "workers: 1.5", "connections-per-client: 0"])
    refused(line);
});

test("a schedule is taken, with a warning that nothing runs it", () => {
  const config = parse(mirror('schedule: "0 4 * * mon-fri"'));
  assert.equal(config.mirrors[0]?.schedule, "0 4 * * mon-fri");
  assert.match(config.warnings.join(), /mirrors\.debian\.schedule is not run/);
});

test("anchors and merge keys share settings", () => {
  const config = parse(
    `mirrors:\n  a: &a { ecosystem: toy, upstream: "file:///a", suites: [x], trust: none }\n  b: { <<: *a, suites: [y] }`,
  );
  assert.deepEqual(
    config.mirrors.map(({ options }) => options["suites"]),
    [["x"], ["y"]],
  );
});

// What is written after the mirror's own six lines, and the sentence that it must lead to.
const MISTAKES: readonly [name: string, line: string, message: string][] = [
  [
    "unknown key",
    "upstrem: x",
    "7:5: mirrors.debian.upstrem is not a key that is known here: did you mean 'upstream'?",
  ],
  [
    "unknown deep key",
    "keep: { lats: 3 }",
    "7:13: mirrors.debian.keep.lats is not a key that is known here: did you mean 'last'?",
  ],
  [
    "number for text",
    "release: 3.10",
    '7:14: mirrors.debian.release must be text, but this is a number: quote it, as "3.10".',
  ],
  [
    "number in a list",
    "redirect-hosts: [1.10]",
    '7:22: mirrors.debian.redirect-hosts[0] must be text, but this is a number: quote it, as "1.10".',
  ],
  ["empty value", "release:", "7:13: mirrors.debian.release is empty, but must be text."],
  ["duplicate key", "suites: [x]", "7:5: Map keys must be unique."],
  [
    "time without unit",
    "timeout: '30'",
    "7:14: mirrors.debian.timeout must be a time with its unit, such as 30s, 90m, 24h or 7d.",
  ],
  [
    "time that is a number",
    "timeout: 5",
    "7:14: mirrors.debian.timeout must be a time with its unit, such as 30s, 90m, 24h or 7d.",
  ],
  [
    "fingerprint that is a number",
    "signed-by: 0123456789012345678901234567890123456789",
    '7:16: mirrors.debian.signed-by must be text, but this is a number: quote it, as "0123456789012345678901234567890123456789".',
  ],
  [
    "fingerprint that is a number in hexadecimal",
    "signed-by: [0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD]",
    '7:17: mirrors.debian.signed-by[0] must be text, but this is a number: quote it, as "0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD".',
  ],
  [
    "short key id that is a number",
    "signed-by: [0x12345678]",
    "7:17: mirrors.debian.signed-by[0] must be a whole fingerprint, 40 or 64 hexadecimal digits: a short key id can be forged.",
  ],
  ["negative count", "keep: { last: -1 }", "7:19: mirrors.debian.keep.last must be at least 0."],
  [
    "keep of nothing",
    "keep: { last: 0 }",
    "7:11: mirrors.debian.keep must keep at least one snapshot: give one of its keys a number above 0.",
  ],
  [
    "resigned",
    "mode: resigned",
    "7:11: mirrors.debian.mode asks for 'resigned', which this version does not offer: use verbatim or sparse.",
  ],
  ["unknown mode", "mode: thin", "7:11: mirrors.debian.mode must be verbatim or sparse."],
  [
    "skip without sparse",
    "skip: { packages: [x] }",
    "7:5: mirrors.debian.skip leaves packages out: say `mode: sparse` with it.",
  ],
  [
    "a glob of nothing",
    "skip: { packages: [x, ''] }",
    "7:27: mirrors.debian.skip.packages[1] must not be empty.",
  ],
  [
    "a glob without end",
    `skip: { packages: [${"a*".repeat(501)}] }`,
    "7:24: mirrors.debian.skip.packages[0] must not be longer than 1000 characters.",
  ],
  [
    "a glob that stands for too many",
    `skip: { packages: ["${"{a,b}".repeat(12)}"] }`,
    "7:24: mirrors.debian.skip.packages[0] has braces that stand for more than 1000 globs.",
  ],
  [
    "only without sparse",
    "only: { packages: [x] }",
    "7:5: mirrors.debian.only leaves packages out: say `mode: sparse` with it.",
  ],
  [
    "keyring beside trust none",
    "trust: none",
    "6:5: mirrors.debian.keyring stands beside `trust: none`: keep one of them.",
  ],
  ["other trust", "trust: all", "7:12: mirrors.debian.trust must be none or packages."],
  [
    "short key id",
    "signed-by: [ABCD1234]",
    "7:17: mirrors.debian.signed-by[0] must be a whole fingerprint, 40 or 64 hexadecimal digits: a short key id can be forged.",
  ],
  [
    "bad cron",
    "schedule: '0 25 * * *'",
    "7:15: mirrors.debian.schedule has '25' as hour: use * or 0 to 23, as in 3, 1-5, */2 or 1,15.",
  ],
  [
    "auth of two kinds",
    "auth: { username: a, token-env: T }",
    "7:11: mirrors.debian.auth must be either `username` with one of `password-env` and `password-file`, or one of `token-env` and `token-file`.",
  ],
  [
    "certificate without key",
    "tls: { cert: a.pem }",
    "7:10: mirrors.debian.tls must have `cert` and `key` together.",
  ],
  [
    "host with scheme",
    "redirect-hosts: ['https://x']",
    "7:22: mirrors.debian.redirect-hosts[0] must be a host name, `*.suffix` or address, with or without port, or a range of addresses.",
  ],
  ["map where a list is due", "allow-weak: { sha1: 1 }", "7:17: mirrors.debian.allow-weak must be a list."],
];

test("a fingerprint may be written as a number in hexadecimal is, if it is quoted", () => {
  const hex = "0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD";
  const trust = parse(mirror(`signed-by: "${hex}"`)).mirrors[0]?.trust;
  assert.deepEqual(trust?.kind === "keys" && trust.signedBy, [hex.slice(2)]);
});

for (const [name, line, message] of MISTAKES)
  test(`refused with place and field: ${name}`, () => {
    assert.equal(refused(mirror(line)).message, `/etc/sluice/sluice.yaml:${message}`);
  });

test("mistakes of a whole mirror", () => {
  const at = "/etc/sluice/sluice.yaml:";
  const cases: [string, string][] = [
    ["mirrors:\n  v2: { ecosystem: toy }", "2:3: mirrors.v2 cannot be the name of a mirror"],
    ["mirrors:\n  Debian: { ecosystem: toy }", "2:3: mirrors.Debian cannot be the name of a mirror"],
    [
      "mirrors:\n  a: { ecosystem: toi }",
      "2:19: mirrors.a.ecosystem is not an ecosystem that Sluice knows: did you mean 'toy'?",
    ],
    ["mirrors:\n  a: { upstream: x }", "2:6: mirrors.a.ecosystem is missing: there are toy."],
    ["mirrors:\n  a: [1]", "2:6: mirrors.a must be a map of keys"],
    ["mirrors: [a]", "1:10: mirrors must be a map of keys."],
    ["- a", "1:1: the config must be a map of keys."],
    ["mirrors:\n  a: { ecosystem: toy, suites: [x], trust: none }", "2:6: mirrors.a.upstream is missing."],
    [
      "mirrors:\n  a: { ecosystem: toy, upstream: [], suites: [x], trust: none }",
      "2:34: mirrors.a.upstream must not be empty.",
    ],
    [
      "mirrors:\n  a: { ecosystem: toy, upstream: 'ftp://x', suites: [x], trust: none }",
      "2:34: mirrors.a.upstream must be a URL that begins with http:// or https:// or file://.",
    ],
    [
      "mirrors:\n  a: { ecosystem: toy, upstream: 'http://u:p@x', suites: [x], trust: none }",
      "2:34: mirrors.a.upstream must not hold a user name or password: give them by `auth`.",
    ],
    [
      "mirrors:\n  a: { ecosystem: toy, upstream: 'http://x', suites: [x] }",
      "2:3: mirrors.a has no key, so nothing can be proven",
    ],
    [
      "mirrors:\n  a: { ecosystem: toy, upstream: 'http://x', suites: [bad], trust: none }",
      "2:55: mirrors.a.suites[0] must not be bad.",
    ],
    ["listen: 8080", "1:9: listen must be HOST:PORT"],
    ["listen: 127.0.0.1", "1:9: listen must be HOST:PORT"],
    ["data: [", "1:8: Flow sequence in block collection must be sufficiently indented"],
  ];
  for (const [text, message] of cases) {
    const found = refused(text).message;
    assert.ok(found.startsWith(at + message), `${text}\n  gave ${found}`);
  }
});

test("a sentence of an ecosystem is set apart from the field", () => {
  const text = "mirrors:\n  a: { ecosystem: toy, upstream: 'http://x', suites: [worse], trust: none }";
  assert.match(refused(text).message, /: mirrors\.a\.suites\[0\]: a suite cannot be worse\.$/);
});

test("all mistakes are told, in the order of the file", () => {
  const error = refused(`${mirror("mode: thin", "connections: 0", "nonsense: 1")}\ngrace: 1`);
  assert.match(error.message, /7:11: mirrors\.debian\.mode/);
  assert.match(
    error.hint ?? "",
    /8:18: mirrors\.debian\.connections must be at least 1\. .*9:5: mirrors\.debian\.nonsense .*10:8: grace/,
  );
});

test("a mistake in one mirror does not hide that of another", () => {
  const text = "grace: 1\nmirrors:\n  a: { ecosystem: x }\n  b: { ecosystem: toy, upstream: 1 }";
  const { message, hint } = refused(text);
  const all = `${message} ${hint}`;
  for (const part of [
    "1:8: grace",
    "mirrors.a.ecosystem",
    "mirrors.b.upstream must be text",
    "mirrors.b.suites is missing",
  ])
    assert.ok(all.includes(part), `${part} in ${all}`);
});

test("an odd key is told of as any other, and by nothing but the error", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  const { message } = refused("? [a, b]\n: c\nmirrors: {}\n");
  // Warnings come when all that was going on is done.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  assert.match(message, /is not a key that is known here/);
  assert.deepEqual(warnings, []);
});

test("trust: packages is for ecosystems whose packages carry signatures, and needs their keys", () => {
  const faultsOf = (lines: string): string => {
    try {
      parseConfig(`mirrors:\n  a: { upstream: "http://x", ${lines} }`, "x.yaml", ECOSYSTEMS);
      return "";
    } catch (error) {
      return String(error);
    }
  };
  const apt = "ecosystem: apt, suites: [x], architectures: [amd64]";
  assert.equal(faultsOf("ecosystem: rpm, keyring: k, trust: packages"), "");
  assert.match(faultsOf("ecosystem: rpm, trust: packages"), /no key/);
  assert.match(faultsOf("ecosystem: rpm, keyring: k, trust: packages, gpgcheck: false"), /nothing at all/);
  assert.match(faultsOf(`${apt}, keyring: k, trust: packages`), /cannot be 'packages'/);
});
