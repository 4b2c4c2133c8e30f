import { parseConfig } from "../../../src/config/parse.ts";
import { ECOSYSTEMS } from "../../../src/ecosystems/index.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

const FULL = `data: /var/lib/sluice
listen: "[::1]:8080"
url: http://mirror.example.org:8080
grace: 24h
workers: 2
contact: ops@example.org
connections-per-host: 4
bandwidth: [{ from: "08:00", to: "18:00", days: [mon-fri, sat], rate: 2MB/s }, { rate: unlimited }]
scrub: { rate: 5MB/s, every: 30d }
imports: { other: { trust: none } }
mirrors:
  debian: &base
    ecosystem: apt
    upstream: [https://deb.example.org/debian, "file:///srv"]
    suites: [stable, stable-updates]
    components: [main]
    architectures: [amd64]
    keyring: /k.gpg
    signed-by: 0123456789ABCDEF0123456789ABCDEF01234567
    mode: sparse
    skip: { sections: [games], packages: ["*-dbg*"] }
    keep: { last: 3, daily: 7 }
    schedule: "*/5 4 * jan-mar mon"
    redirect-hosts: ["*.example.org", "10.0.0.0/8", "[::1]:80"]
    timeout: 30s
    retries: 2
    auth: { username: u, password-env: P }
    tls: { ca: ca.pem }
  more: { <<: *base, suites: [x], only: { packages: [a] } }
  line: { ecosystem: apt, repository: "deb [arch=amd64 signed-by=/k.gpg] http://deb.example.org/debian stable main" }
  stanza: { ecosystem: apt, repository: { Types: deb, URIs: "http://h/x", Suites: [./], Architectures: amd64, Signed-By: /k.gpg } }
`;
const JSON_FORM = {
  data: "d",
  listen: "127.0.0.1:80",
  bandwidth: "20MB/s",
  scrub: true,
  mirrors: {
    a: {
      ecosystem: "apt",
      upstream: "http://h/",
      suites: ["x/"],
      architectures: ["amd64"],
      trust: "none",
      bandwidth: [{ from: "1:00", rate: "1kB/s" }],
      icons: ["64x64"],
      languages: "all",
    },
  },
};

/** The whole config: YAML, and every field of it. */
export async function open(): Promise<Target> {
  return {
    seeds: [FULL, JSON.stringify(JSON_FORM), "mirrors: {}\n"],
    json: "whole",
    words: [
      "data",
      "listen",
      "url",
      "grace",
      "workers",
      "mirrors",
      "imports",
      "bandwidth",
      "scrub",
      "ecosystem",
      "apt",
      "upstream",
      "suites",
      "components",
      "architectures",
      "keyring",
      "signed-by",
      "trust",
      "none",
      "mode",
      "sparse",
      "resigned",
      "skip",
      "only",
      "keep",
      "schedule",
      "auth",
      "tls",
      "repository",
      "redirect-hosts",
      "connections",
      "timeout",
      "20MB/s",
      "unlimited",
      "30s",
      "24h",
      "7d",
      "* * * * *",
      "deb http://h/ x main",
      "Types: deb\n",
      "true",
      "false",
      "~",
      "null",
      "!!binary aGk=",
      "!!set",
      "!!omap",
      "!!int 3",
      "!<x>",
      "&a",
      "*a",
      "<<: *a",
      "? ",
      "- ",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "|\n ",
      ">-\n ",
      "'",
      '"\\u0000"',
      "# x\n",
      "{",
      "}",
      "[",
      "]",
      ".inf",
      ".nan",
      "0o17",
      "0xff",
      "1_000",
      "2026-11-21",
      "__proto__",
      "constructor",
      "prototype",
      "toString",
    ],
    run(input) {
      const config = parseConfig(input.toString(), "/etc/sluice.yaml", ECOSYSTEMS);
      must(
        config.data.startsWith("/") && config.listen.port <= 65_535 && Number.isSafeInteger(config.graceMs),
        "values are plain",
      );
      for (const { name, upstream, trust } of config.mirrors) {
        must(/^[a-z0-9][a-z0-9._-]*$/.test(name) && upstream.length > 0, "a mirror has name and upstream");
        must(
          trust.kind === "none" || trust.keyrings.length + (trust.embedded?.length ?? 0) > 0,
          "without a key nothing is trusted by keys",
        );
      }
    },
  };
}
