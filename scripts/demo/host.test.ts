import { test } from "node:test";
import { deepEqual } from "node:assert/strict";
import { demoMirrors } from "./host.ts";

const entry = (suites: string[], more: object = {}): Record<string, unknown> => ({
  ecosystem: "apt",
  upstream: "https://deb.example.org/debian",
  suites,
  components: ["main", "contrib"],
  architectures: ["amd64", "i386"],
  keyring: "/usr/share/keyrings/example.gpg",
  ...more,
});

test("takes one mirror for each suite of this host's distribution, with main and one architecture", () => {
  const { mirrors, leftOut } = demoMirrors(
    {
      "vendor-tool": entry(["tool"], { upstream: "https://deb.example.org/tool" }),
      "debian-trixie": entry(["trixie", "trixie-updates"]),
      "debian-security-trixie": entry(["trixie-security"], { "signed-by": ["AA"] }),
    },
    "i386",
    "trixie",
  );
  deepEqual(Object.keys(mirrors), ["debian-trixie", "debian-trixie-updates", "debian-security-trixie"]);
  deepEqual(leftOut, ["vendor-tool"]);
  const { only: _, ...updates } = mirrors["debian-trixie-updates"] ?? {};
  deepEqual(updates, {
    ecosystem: "apt",
    upstream: "https://deb.example.org/debian",
    suites: ["trixie-updates"],
    components: ["main"],
    architectures: ["i386"],
    languages: "none",
    keyring: "/usr/share/keyrings/example.gpg",
    mode: "sparse",
    retries: 1,
    timeout: "20s",
  });
  deepEqual(mirrors["debian-security-trixie"]?.["signed-by"], ["AA"]);
});

test("takes the first four that it can use where no suite bears the distribution's name", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const found = Object.fromEntries(
    names.map((name) => [name, entry([name], name === "b" ? { components: ["stable"] } : {})]),
  );
  const { mirrors, leftOut } = demoMirrors(found, "amd64", "trixie");
  deepEqual(Object.keys(mirrors), ["a", "c", "d", "e"]);
  deepEqual(leftOut, ["b", "f"]);
});
