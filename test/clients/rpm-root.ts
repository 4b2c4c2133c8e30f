import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { deepEqual, equal } from "node:assert/strict";
import { run } from "../run.ts";
import type { Ran } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";

/** A real dnf or zypper with a root, a configuration and an rpm database of its own; nothing of the host's configuration is read. */
export interface RpmClient extends AsyncDisposable {
  readonly name: "dnf" | "zypper";
  readonly root: string;
  /** Runs the client itself. */
  run(...args: string[]): Promise<Ran>;
  /** Runs the script of a set-up, with the root for its `/etc`. */
  setUp(script: string, ...options: string[]): Promise<Ran>;
  /** Writes files given by absolute path into the root, such as those of `sluice client`. */
  write(files: readonly { readonly path: string; readonly content: string }[]): Promise<void>;
  /** Fetches the metadata anew. */
  refresh(): Promise<Ran>;
  install(...names: string[]): Promise<Ran>;
  /** `name-epoch:version-release` of what is in the root's rpm database, sorted. */
  installed(): Promise<string[]>;
}

export interface RpmRootOptions {
  readonly name: "dnf" | "zypper";
  /** Arguments that keep the client inside of the root, in front of all others. */
  readonly inside: (root: string) => readonly string[];
  readonly files: (root: string) => readonly { readonly path: string; readonly content: string }[];
  readonly refresh: readonly string[];
  readonly install: readonly string[];
}

/** `setUp` finds the client, and rpm, as programs that stay inside of the root by themselves. */
export async function rpmRoot(options: RpmRootOptions): Promise<RpmClient> {
  const root = await tempFolder(options.name);
  const bin = join(root, "bin");
  const inside = options.inside(root);
  const env = { HOME: "/root", PATH: `${bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin` };

  async function write(files: readonly { path: string; content: string }[]): Promise<void> {
    for (const { path, content } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), relocated(content, root));
    }
  }

  await write(options.files(root));
  await mkdir(bin);
  for (const [name, args] of [
    [options.name, inside],
    ["rpm", ["--root", root]],
  ] as const) {
    await writeFile(join(bin, name), `#!/bin/sh\nexec /usr/bin/${name} ${args.join(" ")} "$@"\n`);
    await chmod(join(bin, name), 0o755);
  }
  const runIt = async (...args: string[]): Promise<Ran> =>
    await run(`/usr/bin/${options.name}`, [...inside, ...args], { env, cwd: root, timeoutMs: 60_000 });

  return {
    name: options.name,
    root,
    run: runIt,
    write,
    async setUp(script, ...more) {
      const path = join(root, "set-up.sh");
      await writeFile(path, relocated(script, root));
      return await run("sh", [path, ...more], { env, cwd: root, timeoutMs: 60_000 });
    },
    refresh: async () => await runIt(...options.refresh),
    install: async (...names) => await runIt(...options.install, ...names),
    async installed() {
      const format = "%{name}-%{epochnum}:%{version}-%{release}\\n";
      const ran = await run("/usr/bin/rpm", ["--root", root, "-qa", "--qf", format], { env });
      return ran.stdout
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("gpg-pubkey"))
        .toSorted();
    },
    async [Symbol.asyncDispose]() {
      await removeFolder(root);
    },
  };
}

// What it says of /etc is meant for this root: nothing of it may reach the host's.
function relocated(text: string, root: string): string {
  return text.replaceAll("/etc/", `${root}/etc/`);
}

/** Holds a run to: exit 0, and not one word of warning or error. */
export function clean(ran: Ran): Ran {
  const lines = `${ran.stdout}\n${ran.stderr}`.split("\n");
  deepEqual(
    lines.filter((line) => /\b(warning|error|failed|problem)\b/i.test(line)),
    [],
    `${ran.stdout}\n${ran.stderr}`,
  );
  equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
  return ran;
}
