import { rpmRoot, type RpmClient } from "./rpm-root.ts";

/** zypper in a root of its own. */
export async function zypperClient(): Promise<RpmClient> {
  return await rpmRoot({
    name: "zypper",
    inside: (root) => ["--root", root],
    // A host of zypper's has the folder.
    files: () => [
      { path: "/etc/zypp/repos.d/.keep", content: "" },
      { path: "/etc/zypp/zypp.conf", content: "[main]\narch = x86_64\nsolver.onlyRequires = true\n" },
    ],
    refresh: ["--non-interactive", "--gpg-auto-import-keys", "refresh", "--force"],
    install: ["--non-interactive", "install", "--download-in-advance"],
  });
}
