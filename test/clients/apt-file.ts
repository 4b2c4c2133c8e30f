import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clean } from "./apt.ts";
import type { AptClient } from "./apt.ts";

/** What Debian packages make apt ask for, by their own files in /etc/apt/apt.conf.d: apt-file, appstream, command-not-found, apt-config-icons. */
const FILES = ["50apt-file.conf", "50appstream", "50command-not-found", "60icons"];

/** As Ubuntu's `command-not-found` and `apt-config-icons` have it, where the system has none. */
const ENABLED = `Acquire::IndexTargets {
  deb::DEP-11-icons-small { DefaultEnabled "true"; };
  deb::DEP-11-icons { DefaultEnabled "true"; };
  deb::CNF {
    MetaKey "$(COMPONENT)/cnf/Commands-$(NATIVE_ARCHITECTURE)";
    ShortDescription "Commands-$(NATIVE_ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(NATIVE_ARCHITECTURE) c-n-f Metadata";
    DefaultEnabled "true";
  };
};
`;

/** Makes a client one with apt-file, AppStream with its icons, and command-not-found installed; its system must have the first two. */
export async function wantEverything(apt: AptClient): Promise<void> {
  const [from, to] = [apt.system, apt.root].map((root) => join(root, "etc/apt/apt.conf.d"));
  for (const [at, name] of FILES.entries()) {
    const path = join(from ?? "", name);
    if (at > 1 && !existsSync(path)) continue;
    // The hooks in these files would refresh the system's own caches.
    const text = (await readFile(path, "utf8")).replace(/^APT::Update[^]*?^\};$/m, "");
    await writeFile(join(to ?? "", name), text);
  }
  await writeFile(join(to ?? "", "90more"), ENABLED);
}

/** Runs `apt-file search`, which reads the lists that the client's apt has, and must have no complaint; its lines `package: /path`. */
export async function aptFileSearch(apt: AptClient, pattern: string): Promise<readonly string[]> {
  const ran = await apt.program("apt-file", "search", pattern);
  clean(ran);
  if (ran.stderr !== "") throw new Error(`apt-file said ${ran.stderr}`);
  return ran.stdout.split("\n").filter((line) => line !== "");
}
