import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeBinary } from "./node-binary.ts";
import type { Program } from "./program.ts";
import { put, putFile } from "./tree.ts";

const UNITS = ["sluice.service", "sluice-sync.service", "sluice-sync.timer"];

/** Lays out, below a folder, all that an installed Sluice is, as it is to stand at `at` (`/usr`, `/usr/local`). */
export async function layOut(
  root: string,
  prefix: string,
  at: string,
  program: Program,
  node: NodeBinary,
  shares: { readonly zsh?: string } = {},
): Promise<void> {
  const packaging = join(root, "packaging");
  await program.lay(prefix, shares);
  await put(prefix, "bin/sluice", await readFile(join(packaging, "launcher.sh")), 0o755);
  await putFile(prefix, "lib/sluice/node", node.program, 0o755);
  await putFile(prefix, "share/doc/sluice/LICENSE.node", node.licence);
  await put(prefix, "lib/sysusers.d/sluice.conf", await readFile(join(packaging, "sysusers.conf")));
  for (const unit of UNITS) {
    const text = await readFile(join(packaging, "systemd", unit), "utf8");
    await put(prefix, `lib/systemd/system/${unit}`, text.replaceAll("/usr/bin/", `${at}/bin/`));
  }
}
