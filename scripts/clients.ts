import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { isInstalled } from "../test/needs.ts";

export interface Program {
  readonly program: string;
  /** The Debian package that has it. */
  readonly debian: string;
}

/** The programs that tests run. */
const CLIENTS: readonly Program[] = [
  { program: "apt-ftparchive", debian: "apt-utils" },
  { program: "dpkg-scanpackages", debian: "dpkg-dev" },
  { program: "gpg", debian: "gnupg" },
  { program: "gpgv", debian: "gpgv" },
  { program: "mmdebstrap", debian: "mmdebstrap" },
  { program: "nginx", debian: "nginx-light" },
  { program: "xz", debian: "xz-utils" },
  { program: "zstd", debian: "zstd" },
  { program: "lz4", debian: "lz4" },
  { program: "bzip2", debian: "bzip2" },
  { program: "curl", debian: "curl" },
  { program: "zckdl", debian: "zchunk" },
  { program: "openssl", debian: "openssl" },
  { program: "apt-file", debian: "apt-file" },
  { program: "appstreamcli", debian: "appstream" },
  { program: "strace", debian: "strace" },
  { program: "faketime", debian: "faketime" },
  { program: "mkfs.ext4", debian: "e2fsprogs" },
  { program: "mount", debian: "mount" },
  { program: "rpmbuild", debian: "rpm" },
];

const POLICY = "/usr/sbin/policy-rc.d";

/** On Debian as root, installs what is missing; elsewhere says what is, and the tests that need it are skipped (or fail, with CI=true). */
export function installClients(): void {
  installPrograms(CLIENTS);
}

/** The same for the programs that something else wants. */
export function installPrograms(wanted: readonly Program[]): void {
  const missing = wanted.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  if (!isInstalled("apt-get") || process.getuid?.() !== 0) {
    process.stdout.write(
      `Not installed here, so that what needs them is skipped: ${missing.map(({ program }) => program).join(", ")}\n`,
    );
    return;
  }
  process.stdout.write(`Installing ${packages.join(", ")} …\n`);
  withoutServices(() => {
    aptGet("update");
    aptGet("install", "-y", "--no-install-recommends", ...packages);
  });
  // Installed for the tests alone: it must not come up with the host.
  if (packages.includes("nginx-light") && existsSync("/run/systemd/system"))
    spawnSync("systemctl", ["disable", "nginx"], { stdio: "ignore" });
}

function aptGet(...args: readonly string[]): void {
  const ran = spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (ran.status !== 0) process.stdout.write(`apt-get ${args[0]} failed:\n${ran.stdout}${ran.stderr}\n`);
}

/** Debian starts what it installs, unless policy-rc.d says that it may not. */
function withoutServices(install: () => void): void {
  if (existsSync(POLICY)) return install();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
