import { rpmRoot, type RpmClient } from "./rpm-root.ts";

/** dnf 4 in a root of its own. */
export async function dnfClient(): Promise<RpmClient> {
  return await rpmRoot({
    name: "dnf",
    // Without plugins: those of the host would be loaded even so.
    inside: (root) => [
      "-c",
      `${root}/etc/dnf/dnf.conf`,
      `--installroot=${root}`,
      "--noplugins",
      "-y",
      "--releasever=9",
      "--forcearch=x86_64",
    ],
    files: () => [
      {
        path: "/etc/dnf/dnf.conf",
        content: [
          "[main]",
          "gpgcheck=1",
          "reposdir=/etc/yum.repos.d",
          "varsdir=/etc/dnf/vars",
          "pluginconfpath=/etc/dnf/plugins",
          "module_platform_id=platform:el9",
          "install_weak_deps=0",
          "retries=1",
          "timeout=10",
          "",
        ].join("\n"),
      },
    ],
    refresh: ["makecache", "--refresh"],
    install: ["install"],
  });
}
