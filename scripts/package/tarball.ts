import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { must } from "../../test/run.ts";
import type { Arch } from "./arch.ts";
import { layOut } from "./lay-out.ts";
import type { NodeBinary } from "./node-binary.ts";
import type { Program } from "./program.ts";
import type { Release } from "./release.ts";
import { put, settle } from "./tree.ts";

/** The best compression of a large program takes a minute on a core that has nothing else to do. */
export const PACKING_MS = 900_000;

const README = `Sluice, with the Node that runs it. It works from any folder: bin/sluice. To install it for all:

    tar -xf sluice-*.tar.xz -C /usr/local --strip-components=1 --no-same-owner

Then, for \`sluice serve\` as a service: systemd-sysusers, and systemctl daemon-reload, with a config in /etc/sluice/sluice.yaml
(an example is in share/doc/sluice/), and systemctl enable --now sluice.
`;

/** `sluice-VERSION-linux-ARCH.tar.xz` in a folder: runs from wherever it is unpacked. Gives its path. */
export async function makeTarball(
  root: string,
  work: string,
  to: string,
  arch: Arch,
  of: Release,
  program: Program,
  node: NodeBinary,
  fast: boolean,
): Promise<string> {
  const name = `sluice-${of.version}-linux-${arch}`;
  const folder = join(work, name);
  await mkdir(folder, { recursive: true });
  await layOut(root, folder, "/usr/local", program, node);
  await put(folder, "share/doc/sluice/README.txt", README);
  const archive = join(to, `${name}.tar.xz`);
  // Of the number of threads that were used only whether it was one can be told from the bytes.
  await tarred(folder, archive, `xz -T2 -${fast ? 0 : 6}`, of);
  return archive;
}

/** Archives a folder, in such a way that the same files give the same bytes. */
export async function tarred(folder: string, archive: string, packer: string, of: Release): Promise<void> {
  await settle(folder, of.seconds);
  await must(
    "tar",
    [
      "--create",
      `--file=${archive}`,
      `--use-compress-program=${packer}`,
      "--format=ustar",
      "--sort=name",
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      `--mtime=@${of.seconds}`,
      `--directory=${dirname(folder)}`,
      basename(folder),
    ],
    { timeoutMs: PACKING_MS },
  );
}
