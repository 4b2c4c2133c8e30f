import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../run.ts";
import type { Ran } from "../run.ts";
import type { AptClient } from "./apt.ts";

/** What the Debian packages of these names make apt ask for, by their own files in /etc/apt/apt.conf.d. */
const FILES = { "apt-file": "50apt-file.conf", appstream: "50appstream" } as const;

/** As `apt-config-icons` and `command-not-found` have it. */
const ENABLED = `Acquire::IndexTargets {
  deb::DEP-11-icons-small { DefaultEnabled "true"; };
  deb::DEP-11-icons { DefaultEnabled "true"; };
  deb::CNF {
    MetaKey "$(COMPONENT)/cnf/Commands-$(NATIVE_ARCHITECTURE)";
    ShortDescription "Commands-$(NATIVE_ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(NATIVE_ARCHITECTURE) c-n-f Metadata";
  };
};
`;

/** Makes a client one with apt-file, AppStream with its icons, and command-not-found installed. */
export async function wantEverything(apt: AptClient): Promise<void> {
  const folder = join(apt.root, "etc/apt/apt.conf.d");
  for (const name of Object.values(FILES))
    await copyFile(join("/etc/apt/apt.conf.d", name), join(folder, name));
  // The hook in appstream's file would refresh the host's own cache.
  const appstream = join(folder, FILES.appstream);
  const text = await readFile(appstream, "utf8");
  await writeFile(appstream, text.replace(/^APT::Update[^]*?^\};$/m, ""));
  await writeFile(join(folder, "90more"), ENABLED);
}

/** Runs `apt-file`, which reads the lists that the client's apt has. */
export async function aptFile(apt: AptClient, ...args: readonly string[]): Promise<Ran> {
  return run("apt-file", args, {
    env: { APT_CONFIG: join(apt.root, "apt.conf"), HOME: apt.root },
    cwd: apt.root,
    timeoutMs: 60_000,
  });
}
