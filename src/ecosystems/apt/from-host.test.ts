import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { HostMirrors } from "../contract.ts";
import { fromHost } from "./from-host.ts";
import { aptOptions } from "./options.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** A host with these files; the common keyrings are there unless they are given as undefined. */
async function host(files: Readonly<Record<string, string | undefined>>): Promise<HostMirrors> {
  const all: Record<string, string | undefined> = {
    [KEYRING]: "key",
    "/etc/apt/trusted.gpg.d/vendor.asc": "key",
    "/var/lib/dpkg/arch": "amd64\ni386\n",
    ...files,
  };
  return fromHost(
    async (path) => (all[path] === undefined ? undefined : Buffer.from(all[path])),
    async (folder) =>
      Object.keys(all).flatMap((path) =>
        path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [],
      ),
  );
}

test("takes Debian's own deb822 file: suites of one source together, by a name that says what they are", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/sources.list.d/debian.sources": `Types: deb deb-src
# A comment
URIs: http://deb.example.org/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: ${KEYRING}

Enabled: yes
Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main
Architectures: amd64
Languages: de en
Signed-By: ${KEYRING}

Enabled: no
Types: deb
URIs: http://off.example.org/
Suites: x
`,
  });
  assert.deepEqual(skipped, []);
  assert.deepEqual(mirrors, {
    "debian-bookworm": {
      ecosystem: "apt",
      upstream: "http://deb.example.org/debian",
      suites: ["bookworm", "bookworm-updates"],
      components: ["main", "contrib"],
      architectures: ["amd64", "i386"],
      sources: true,
      keyring: KEYRING,
    },
    "debian-security-bookworm": {
      ecosystem: "apt",
      upstream: "http://deb.example.org/debian-security",
      suites: ["bookworm-security"],
      components: ["main"],
      architectures: ["amd64"],
      languages: ["de", "en"],
      keyring: KEYRING,
    },
  });
  for (const { ecosystem, upstream, keyring, ...own } of Object.values(mirrors)) {
    assert.ok(z.strictObject(aptOptions.shape).safeParse(own).success, `${ecosystem} ${upstream} ${keyring}`);
  }
});

test("takes the one-line format, its options, and lines of one source together", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/sources.list": `# deb http://old.example.org/debian jessie main
deb [arch=amd64,arm64 signed-by=${KEYRING} lang=none] https://deb.example.org/debian trixie main # the base
deb [ signed-by=${KEYRING} arch=amd64,arm64 lang=none ] https://deb.example.org/debian/ trixie-updates main
deb	[arch-=i386]	https://packages.cloud.example.com/apt	cloud-sdk-trixie main
`,
  });
  assert.deepEqual(skipped, []);
  assert.deepEqual(mirrors, {
    "debian-trixie": {
      ecosystem: "apt",
      upstream: "https://deb.example.org/debian",
      suites: ["trixie", "trixie-updates"],
      components: ["main"],
      architectures: ["amd64", "arm64"],
      languages: [],
      keyring: KEYRING,
    },
    "cloud-example-sdk-trixie": {
      ecosystem: "apt",
      upstream: "https://packages.cloud.example.com/apt",
      suites: ["cloud-sdk-trixie"],
      components: ["main"],
      architectures: ["amd64"],
      keyring: "/etc/apt/trusted.gpg.d/vendor.asc",
    },
  });
});

test("keeps a fingerprint in Signed-By as the pin that it is", async () => {
  const fingerprint = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
  const { mirrors } = await host({
    "/etc/apt/trusted.gpg": "key",
    "/etc/apt/sources.list": `deb [signed-by=${fingerprint}!] http://deb.example.org/debian stable main`,
  });
  assert.deepEqual(mirrors["debian-stable"]?.["signed-by"], [`${fingerprint}!`]);
  assert.deepEqual(mirrors["debian-stable"]["keyring"], [
    "/etc/apt/trusted.gpg",
    "/etc/apt/trusted.gpg.d/vendor.asc",
  ]);
});

test("takes a file with a fingerprint of a key in it", async () => {
  const fingerprint = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
  const { mirrors, skipped } = await host({
    "/etc/apt/keyrings/vendor.asc": "key",
    "/etc/apt/sources.list": `deb [signed-by=/etc/apt/keyrings/vendor.asc,${fingerprint}] http://deb.example.org/debian stable main`,
  });
  assert.deepEqual(skipped, []);
  const { keyring, "signed-by": pins } = mirrors["debian-stable"] ?? {};
  assert.deepEqual([keyring, pins], ["/etc/apt/keyrings/vendor.asc", [fingerprint]]);
});

test("takes a flat repository, and the sources of a deb-src line beside its deb", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/sources.list": `deb-src http://deb.example.org/tools ./
deb http://deb.example.org/tools ./
deb http://deb.example.org/kit /`,
  });
  assert.deepEqual(skipped, []);
  const common = {
    ecosystem: "apt",
    architectures: ["amd64", "i386"],
    keyring: "/etc/apt/trusted.gpg.d/vendor.asc",
  };
  assert.deepEqual(Object.values(mirrors), [
    { ...common, upstream: "http://deb.example.org/tools", suites: ["./"], sources: true },
    { ...common, upstream: "http://deb.example.org/kit", suites: ["/"] },
  ]);
});

test("gives two mirrors of one origin two names", async () => {
  const { mirrors } = await host({
    "/etc/apt/sources.list": `deb http://a.example.org/debian stable main\ndeb http://b.example.org/debian stable main`,
  });
  assert.deepEqual(Object.keys(mirrors), ["debian-stable", "debian-stable-2"]);
});

test("leaves out what cannot be mirrored, and says why", async () => {
  const cases: [line: string, says: RegExp][] = [
    ["deb cdrom:[Debian]/ stable main", /CD-ROM/],
    ["deb http://deb.example.org/flat ./ main", /cannot be taken over: '\.\/' is a flat repository/],
    ["deb http://deb.example.org/debian stable", /cannot be taken over: it names no component/],
    ["deb http://deb.example.org/debian $(ARCH)/", /taken over: the suite '\$\(ARCH\)\/' holds a variable/],
    ["deb-src http://deb.example.org/debian stable main", /source packages/],
    ["deb mirror+file:/etc/apt/mirrors/x stable main", /'mirror\+file'/],
    ["deb tor+http://deb.example.org/debian stable main", /'tor\+http'/],
    ["deb ftp://deb.example.org/debian stable main", /'ftp'/],
    ["deb [trusted=yes] http://deb.example.org/debian stable main", /`trust: none`/],
    ["deb http://user:secret@deb.example.org/debian stable main", /credentials/],
    [
      "deb [signed-by=/nowhere.gpg] http://deb.example.org/debian stable main",
      /\/nowhere\.gpg, cannot be read/,
    ],
    ["deb http://deb.example.org/$(ARCH) stable main", /variable/],
    ["deb http://deb.example.org/debian ../../x main", /cannot be taken over: a suite is not a plain/],
    ["rpm http://deb.example.org/debian stable main", /not a source/],
  ];
  for (const [line, says] of cases) {
    const { mirrors, skipped } = await host({ "/etc/apt/sources.list": `\n${line}\n` });
    assert.deepEqual(mirrors, {}, line);
    assert.equal(skipped.length, 1, line);
    assert.match(skipped[0] ?? "", says);
    assert.match(skipped[0] ?? "", /^\/etc\/apt\/sources\.list, line 2: /);
    assert.doesNotMatch(skipped[0] ?? "", /secret/);
  }
});

test("takes a key that stands in the source itself, as a host has it that was set up by Sluice", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/sources.list.d/sluice-debian.sources": `# debian, channel stable, by Sluice
Types: deb
URIs: http://mirror.example.org/debian/stable/
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr
 -----END PGP PUBLIC KEY BLOCK-----
`,
  });
  assert.deepEqual(skipped, []);
  const [mirror] = Object.values(mirrors);
  assert.equal(
    mirror?.["keyring"],
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr\n-----END PGP PUBLIC KEY BLOCK-----\n",
  );
});

test("says in what a deb-src line differs from its deb line", async () => {
  const differences = {
    "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]": "`signed-by`",
    "[arch=amd64 signed-by=B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8]": "`arch` and `signed-by`",
    "[lang=de]": "`lang`",
  };
  for (const [options, words] of Object.entries(differences)) {
    const { skipped } = await host({
      "/etc/apt/sources.list": `deb ${options} http://deb.example.org/x rocky main\ndeb-src http://deb.example.org/x rocky main`,
    });
    assert.deepEqual(skipped, [
      `/etc/apt/sources.list, line 2: it has source packages only, and the source of type deb, /etc/apt/sources.list, line 1, differs in ${words}: make that the same in both.`,
    ]);
  }
  const { skipped } = await host({
    "/etc/apt/sources.list": `deb http://deb.example.org/x rocky main\ndeb-src http://deb.example.org/x rocky main more`,
  });
  assert.match(skipped[0] ?? "", /differs in its components: make/);
});

test("names a mirror by its host's address, where it has no better name", async () => {
  const { mirrors } = await host({
    "/etc/apt/sources.list": `deb http://192.0.2.7/ rocky main\ndeb http://[2001:db8::1]/apt rocky main\ndeb http://192.0.2.7/vendor rocky main`,
  });
  assert.deepEqual(Object.keys(mirrors), ["192.0.2.7-rocky", "2001-db8-1-rocky", "vendor-rocky"]);
});

test("leaves out a file that is not deb822", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/sources.list.d/b.sources": "nonsense\n",
    "/etc/apt/sources.list.d/c.sources.save": "Types: deb\nURIs: http://x/\nSuites: x\nComponents: main\n",
  });
  assert.deepEqual(mirrors, {});
  assert.equal(skipped.length, 1);
  assert.match(skipped[0] ?? "", /b\.sources, line 1/);
});

test("needs a keyring for a source that names none", async () => {
  const { mirrors, skipped } = await host({
    "/etc/apt/trusted.gpg.d/vendor.asc": undefined,
    "/etc/apt/sources.list": "deb http://deb.example.org/debian stable main",
  });
  assert.deepEqual(mirrors, {});
  assert.match(skipped[0] ?? "", /names no keyring/);
});

test("takes this machine's architecture where dpkg keeps no list", async () => {
  const { mirrors } = await host({
    "/var/lib/dpkg/arch": undefined,
    "/etc/apt/sources.list": "deb http://deb.example.org/debian stable main",
  });
  assert.deepEqual(mirrors["debian-stable"]?.["architectures"], [
    process.arch === "x64" ? "amd64" : process.arch,
  ]);
});

test("leaves out what the config would refuse: half a key, no whole fingerprint, a URL with a query", async () => {
  const source = (uri: string, signedBy: string): string =>
    `Types: deb\nURIs: ${uri}\nSuites: x\nComponents: main\nSigned-By: ${signedBy}\n`;
  for (const [uri, signedBy, reason] of [
    [
      "http://h/d",
      "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA",
      /its Signed-By holds a key that is not whole/,
    ],
    ["http://h/d", "0".repeat(41), /its Signed-By, '0+', is not a path/],
    ["http://h/d?x", KEYRING, /its URL has a query or a fragment/],
    ["http://h/d#x", KEYRING, /its URL has a query or a fragment/],
  ] as const) {
    const { mirrors, skipped } = await host({ "/etc/apt/sources.list.d/a.sources": source(uri, signedBy) });
    assert.deepEqual(mirrors, {});
    assert.match(skipped.join(), reason);
  }
});
