import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { deepEqual, equal } from "node:assert/strict";
import { run } from "../run.ts";
import type { Ran } from "../run.ts";
import { enter } from "./chroot.ts";
import { removeFolder, tempFolder } from "../temp.ts";

export interface AptRan extends Ran {
  /** Lines of either stream that begin with `W:` or `E:`, or with the words that they stand for. */
  readonly complaints: readonly string[];
}

/** What ran, with what apt complained of in it. */
export function aptRan(ran: Ran): AptRan {
  const lines = `${ran.stdout}\n${ran.stderr}`.split("\n");
  return { ...ran, complaints: lines.filter((line) => /^(?:[WE]|Warning|Error):/.test(line)) };
}

/** A real apt with a root, a configuration and a dpkg database of its own; nothing of the host's configuration is read. */
export interface AptClient extends AsyncDisposable {
  readonly root: string;
  /** The folder of the system whose programs it runs: `/` for this host's. */
  readonly system: string;
  /** Runs the script of a set-up, with the root for its `/etc/apt`. */
  setUp(script: string, ...options: string[]): Promise<Ran>;
  /** Any program of apt's or over it, with this client's configuration: apt, apt-cache, apt-config, apt-file. */
  program(name: string, ...args: string[]): Promise<AptRan>;
  /** Writes files given by absolute path into the root, such as those of `sluice client`. */
  write(files: readonly { readonly path: string; readonly content: string }[]): Promise<void>;
  /** Writes the one source of the client, in deb822. */
  source(stanza: string): Promise<void>;
  update(...options: string[]): Promise<AptRan>;
  install(...names: string[]): Promise<AptRan>;
  upgrade(...options: string[]): Promise<AptRan>;
  /** Any apt-get command. */
  get(...args: string[]): Promise<AptRan>;
  /** The version that apt would install, or `(none)`. */
  candidate(name: string): Promise<string>;
  /** Versions that dpkg says are installed in the root, by name. */
  installed(): Promise<Record<string, string>>;
}

/** A deb822 source; the lines of `more` are added as they are. */
export function aptSource(
  url: string,
  suite: string,
  components: string,
  signedBy: string,
  more: readonly string[] = [],
): string {
  return [
    "Types: deb",
    `URIs: ${url}`,
    `Suites: ${suite}`,
    `Components: ${components}`,
    `Signed-By: ${signedBy}`,
    ...more,
    "",
  ].join("\n");
}

export interface AptClientOptions {
  /** `en` alone by default. */
  readonly languages?: string | readonly string[];
  /** `amd64` by default. */
  readonly architecture?: string;
  /** A folder for it, made if needed and left to the caller; a temporary one by default. */
  readonly root?: string;
  /** A system of its own whose apt it is, such as `newestApt` gives; this host's by default. */
  readonly system?: string | undefined;
  /** What its programs are run by, such as `unshare --net`. */
  readonly by?: readonly string[];
}

export async function aptClient(options: AptClientOptions = {}): Promise<AptClient> {
  const root = options.root ?? (await tempFolder("apt"));
  for (const folder of [
    "etc/apt/apt.conf.d",
    "etc/apt/sources.list.d",
    "etc/apt/preferences.d",
    "etc/apt/trusted.gpg.d",
    "etc/apt/auth.conf.d",
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
    "var/log/apt",
    "var/lib/dpkg/info",
    "var/lib/dpkg/updates",
    "var/lib/dpkg/triggers",
  ])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "var/lib/dpkg/status"), "");
  await writeFile(join(root, "var/lib/dpkg/available"), "");
  const { languages = "en", architecture = "amd64", system, by = [] } = options;
  await writeFile(join(root, "apt.conf"), configuration(root, [languages].flat(), architecture));
  const env = { APT_CONFIG: join(root, "apt.conf"), DEBIAN_FRONTEND: "noninteractive", HOME: root };

  async function program(name: string, ...args: string[]): Promise<AptRan> {
    const [command = "", ...all] = [...by, ...enter(system, name, ...args)];
    return aptRan(await run(command, all, { env, cwd: root, timeoutMs: 60_000 }));
  }

  const get = async (...args: string[]): Promise<AptRan> => await program("apt-get", ...args);

  async function write(files: readonly { path: string; content: string }[]): Promise<void> {
    for (const { path, content } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), relocated(content, root));
    }
  }

  return {
    root,
    system: system ?? "/",
    write,
    source: async (stanza) =>
      await write([{ path: "/etc/apt/sources.list.d/test.sources", content: stanza }]),
    update: async (...options) => await get("update", ...options),
    install: async (...names) => await get("install", "-y", "--no-install-recommends", ...names),
    upgrade: async (...options) => await get("upgrade", "-y", ...options),
    get,
    program,
    async setUp(script, ...options) {
      const path = join(root, "set-up.sh");
      await writeFile(path, relocated(script, root));
      return await program("sh", path, ...options);
    },
    async candidate(name) {
      const ran = await program("apt-cache", "policy", name);
      return /Candidate: (.+)/.exec(ran.stdout)?.[1] ?? "(none)";
    },
    async installed() {
      const status = await readFile(join(root, "var/lib/dpkg/status"), "utf8");
      const found: Record<string, string> = {};
      for (const stanza of status.split("\n\n")) {
        const name = /^Package: (.+)$/m.exec(stanza)?.[1];
        const version = /^Version: (.+)$/m.exec(stanza)?.[1];
        if (name !== undefined && version !== undefined && /^Status: install ok installed$/m.test(stanza))
          found[name] = version;
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      if (options.root === undefined) await removeFolder(root);
    },
  };
}

// What it says of /etc/apt is meant for this root: nothing of it may reach the host's.
function relocated(text: string, root: string): string {
  return text.replaceAll("/etc/apt", `${root}/etc/apt`);
}

/** Holds a run to: exit 0, and not one line of warning or error. */
export function clean(ran: AptRan): void {
  deepEqual(ran.complaints, [], ran.stdout);
  equal(ran.code, 0, ran.stderr);
}

// apt reads the file that APT_CONFIG names before it looks for the folders of /etc/apt, so that these are never read.
function configuration(root: string, languages: readonly string[], architecture: string): string {
  return `Dir "${root}";
Dir::State "${root}/var/lib/apt";
Dir::State::status "${root}/var/lib/dpkg/status";
Dir::Cache "${root}/var/cache/apt";
Dir::Etc "${root}/etc/apt";
Dir::Log "${root}/var/log/apt";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
APT::Get::Assume-Yes "true";
APT::Color "false";
Acquire::Languages { ${languages.map((name) => `"${name}";`).join(" ")} };
Acquire::Retries "0";
Acquire::http::Proxy "DIRECT";
Acquire::http::Timeout "20";
DPkg::Options { "--root=${root}"; "--force-not-root"; "--log=${root}/var/log/dpkg.log"; };
DPkg::Use-Pty "false";
`;
}
