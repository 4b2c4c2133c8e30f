import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findMirror, loadConfig } from "./load.ts";
import { parseConfig } from "./parse.ts";
import { loadSecrets } from "./secrets.ts";
import { toy } from "./toy.test-helper.ts";
import { loadTrust } from "./trust.ts";
import type { Config, MirrorConfig } from "./types.ts";
import { configText } from "./write.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-config-"));
});
after(async () => rm(folder, { recursive: true }));

const read = (text: string): Config => parseConfig(text, join(folder, "sluice.yaml"), [toy]);

function mirror(...lines: string[]): MirrorConfig {
  const head = [
    "mirrors:",
    "  m:",
    "    ecosystem: toy",
    "    upstream: https://deb.example.org",
    "    suites: [x]",
  ];
  const trust = lines.some((line) => line.startsWith("keyring")) ? [] : ["    trust: none"];
  const [found] = read([...head, ...trust, ...lines.map((line) => `    ${line}`)].join("\n")).mirrors;
  return found ?? assert.fail();
}

test("the config is found by option, then by environment", async () => {
  const [a, b] = [join(folder, "a.yaml"), join(folder, "b.yaml")];
  await writeFile(a, "data: /a");
  await writeFile(b, "data: /b");
  assert.equal((await loadConfig(a, { SLUICE_CONFIG: b })).data, "/a");
  assert.equal((await loadConfig(undefined, { SLUICE_CONFIG: b })).data, "/b");
});

test("a config that is named but not there is said so", async () => {
  const path = join(folder, "none.yaml");
  const missing = { code: "config_missing", message: new RegExp(`no config at '${path}'`) };
  await assert.rejects(loadConfig(path, {}), missing);
  await assert.rejects(loadConfig(undefined, { SLUICE_CONFIG: path }), missing);
});

test("an unknown mirror is refused with a suggestion", () => {
  const config = read(
    "mirrors: { debian: { ecosystem: toy, upstream: 'http://x', suites: [x], trust: none } }",
  );
  assert.equal(findMirror(config, "debian").name, "debian");
  assert.throws(() => findMirror(config, "debain"), {
    code: "unknown_mirror",
    hint: "Did you mean 'debian'?",
  });
});

test("key files are read, relative to the config", async () => {
  await writeFile(join(folder, "vendor.gpg"), "KEYS");
  const trust = await loadTrust(mirror("keyring: vendor.gpg", "allow-weak: [sha1]"));
  assert.deepEqual(trust, {
    kind: "keys",
    files: [{ name: join(folder, "vendor.gpg"), bytes: Buffer.from("KEYS") }],
    pinned: [],
    allowWeak: ["sha1"],
  });
  assert.deepEqual(await loadTrust(mirror()), { kind: "none" });
});

test("a key in the config itself is one more key file", async () => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n";
  await writeFile(join(folder, "vendor.gpg"), "KEYS");
  const trust = await loadTrust(mirror(`keyring: [vendor.gpg, ${JSON.stringify(key)}]`));
  assert.deepEqual(trust.kind === "keys" && trust.files, [
    { name: join(folder, "vendor.gpg"), bytes: Buffer.from("KEYS") },
    { name: "in the config of m", bytes: Buffer.from(key) },
  ]);
});

test("a key file that cannot be read is named", async () => {
  await assert.rejects(loadTrust(mirror("keyring: [none.gpg]")), {
    code: "keyring_unreadable",
    message: new RegExp(`${folder}/none.gpg' of mirror 'm' cannot be read \\(ENOENT\\)`),
  });
  await assert.rejects(loadTrust(mirror("keyring: .")), {
    code: "keyring_unreadable",
    message: new RegExp(`${folder}' of mirror 'm' is a folder: name the files in it`),
  });
});

test("secrets come from the environment or a file", async () => {
  await writeFile(join(folder, "token"), "t0ken\n");
  await writeFile(join(folder, "ca.pem"), "PEM");
  const basic = mirror("auth: { username: u, password-env: PASSWORD }");
  assert.deepEqual(await loadSecrets(basic, { PASSWORD: "p" }), {
    credentials: { kind: "basic", username: "u", password: "p" },
  });
  assert.deepEqual(await loadSecrets(mirror("auth: { token-file: token }", "tls: { ca: ca.pem }"), {}), {
    credentials: { kind: "bearer", token: "t0ken" },
    tls: { ca: "PEM" },
  });
  assert.deepEqual(await loadSecrets(mirror(), {}), {});
});

test("a secret that is missing, empty or of several lines is refused without being shown", async () => {
  await writeFile(join(folder, "two"), "hidden\nlines\n");
  const cases: [MirrorConfig, NodeJS.ProcessEnv][] = [
    [mirror("auth: { token-env: TOKEN }"), {}],
    [mirror("auth: { token-env: TOKEN }"), { TOKEN: "" }],
    [mirror("auth: { token-file: none }"), {}],
    [mirror("auth: { token-file: two }"), {}],
    [mirror("tls: { cert: none, key: none }"), {}],
  ];
  for (const [one, env] of cases)
    await assert.rejects(loadSecrets(one, env), (error: Error & { code?: string }) => {
      assert.equal(error.code, "credentials");
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
});

test("a first config without mirrors is valid, and so is one with those of a host", () => {
  assert.deepEqual(read(configText("/srv/sluice: data", undefined)).data, "/srv/sluice: data");
  const own = {
    ecosystem: "toy",
    upstream: "https://deb.example.org",
    suites: ["x", "1.10"],
    keyring: "/k.gpg",
  };
  const text = configText("/srv", { mirrors: { host: own }, skipped: ["one\nthing: odd"] });
  const [found] = read(text).mirrors;
  assert.deepEqual(found?.options, { suites: ["x", "1.10"], mode: "verbatim" });
  assert.match(text, /^#   one thing: odd$/m);
  assert.match(text, /suites: \[x, "1\.10"\]/);
});
