import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../test/run.ts";
import { type Arch, NAMES } from "./arch.ts";
import type { Release } from "./release.ts";
import { PACKING_MS } from "./tarball.ts";
import { filesBelow, put, settle } from "./tree.ts";

/** The oldest C and C++ libraries that Node 24 runs with. */
const LIBRARIES = ["libc6 (>= 2.28)", "libstdc++6 (>= 8)"];

/** `sluice_VERSION_ARCH.deb` of what is laid out in a folder, as it is to stand at `/`. Gives its path. */
export async function makeDeb(
  root: string,
  folder: string,
  to: string,
  arch: Arch,
  of: Release,
  fast: boolean,
): Promise<string> {
  const files = await filesBelow(folder);
  let bytes = 0;
  let sums = "";
  for (const file of files) {
    bytes += (await stat(join(folder, file))).size;
    const digest = createHash("md5")
      .update(await readFile(join(folder, file)))
      .digest("hex");
    if (!file.startsWith("etc/")) sums += `${digest}  ${file}\n`;
  }
  await put(folder, "DEBIAN/control", control(arch, of, Math.ceil(bytes / 1024)));
  await put(folder, "DEBIAN/conffiles", "/etc/sluice/sluice.yaml.example\n");
  await put(folder, "DEBIAN/md5sums", sums);
  for (const script of ["postinst", "prerm", "postrm"])
    await put(folder, `DEBIAN/${script}`, await readFile(join(root, "packaging/deb", script)), 0o755);
  await settle(folder, of.seconds);
  const archive = join(to, `sluice_${of.version}_${arch}.deb`);
  const packer = fast ? ["-Zzstd", "-z1"] : ["-Zxz", "-z6"];
  await must("dpkg-deb", ["--root-owner-group", ...packer, "--build", folder, archive], {
    env: { SOURCE_DATE_EPOCH: String(of.seconds) },
    timeoutMs: PACKING_MS,
  });
  return archive;
}

function control(arch: Arch, { version, summary }: Release, kibibytes: number): string {
  return `Package: sluice
Version: ${version}
Architecture: ${arch}
Maintainer: The Sluice maintainers <sluice@example.org>
Installed-Size: ${kibibytes}
Depends: ${[...LIBRARIES, ...NAMES[arch].libraries, "passwd"].join(", ")}
Section: admin
Priority: optional
Description: ${summary}
 Sluice brings signed package repositories through a verified gate, keeps
 every state that it has brought in, and serves any of those states to the
 ecosystem's own client: on a LAN, behind a one-way link, or after a walk
 with a USB stick. It comes with the Node that runs it.
`;
}
