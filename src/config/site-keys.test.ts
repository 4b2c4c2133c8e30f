import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../base/digest.ts";
import { parseConfig } from "./parse.ts";
import { loadReadTokens } from "./secrets.ts";
import type { Config } from "./types.ts";

const read = (text: string): Config => parseConfig(text, "/etc/sluice/sluice.yaml", []);

test("another site, with all that can be said of it", () => {
  const { sites } = read(`
sites:
  hq:
    url: https://mirror.example.org/base/
    token-file: hq.token
    tls: { ca: ca.pem, cert: /c.pem, key: k.pem }
    channels: [stable]
    mirrors: [debian]
    bandwidth: 2MB/s
    connections: 3
    pipelining: 2
    retries: 1
    timeout: 5s
  lab: { url: "http://10.0.0.1:8080" }
`);
  const [hq, lab] = sites;
  assert.deepEqual(hq, {
    name: "hq",
    url: "https://mirror.example.org/base",
    network: {
      redirectHosts: [],
      bandwidth: [{ days: [], from: 0, to: 1440, rate: 2e6 }],
      connections: 3,
      pipelining: 2,
      retries: 1,
      timeoutSeconds: { connect: 5, headers: 5, body: 5 },
    },
    auth: { kind: "bearer", token: { file: "/etc/sluice/hq.token" } },
    tls: { ca: "/etc/sluice/ca.pem", cert: "/c.pem", key: "/etc/sluice/k.pem" },
    channels: ["stable"],
    mirrors: ["debian"],
  });
  assert.deepEqual(
    [lab?.auth, lab?.tls, lab?.channels, lab?.mirrors],
    [undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(read("").sites, []);
});

test("mistakes in sites and read tokens are named by place", () => {
  const cases: [string, RegExp][] = [
    ["sites: { Hq: { url: http://a } }", /sites\.Hq cannot be the name of a site/],
    ["sites: { hq: {} }", /sites\.hq\.url/],
    ["sites: { hq: { url: file:///x } }", /must be a URL that begins with http/],
    ["sites: { hq: { url: http://u:p@a } }", /must not hold a user name/],
    ["sites: { hq: { url: http://a, token-env: A, token-file: b } }", /must have one of `token-env`/],
    ["sites: { hq: { url: http://a, channels: [] } }", /sites\.hq\.channels/],
    ["sites: { hq: { url: http://a, chanels: [a] } }", /chanels/],
    ["read-tokens: [{}]", /read-tokens.*must be one of/],
    ["read-tokens: [{ token-env: A, token-file: b }]", /must be one of/],
    ["read-tokens: [hidden]", /read-tokens/],
  ];
  for (const [text, message] of cases)
    assert.throws(() => read(text), { code: "config_invalid", message }, text);
});

test("of read tokens only the hash is kept", async () => {
  const { readTokens } = read("read-tokens: [{ token-env: ONE }, { token-env: TWO }]");
  assert.deepEqual(await loadReadTokens(readTokens, { ONE: "1", TWO: "2" }), [sha256("1"), sha256("2")]);
  await assert.rejects(loadReadTokens(readTokens, { ONE: "1" }), {
    code: "credentials",
    message: /^`read-tokens` takes a secret from the environment variable TWO/,
  });
});
