import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../test/run.ts";
import { type Arch, NAMES } from "./arch.ts";
import type { Release } from "./release.ts";
import { PACKING_MS } from "./tarball.ts";
import { settle } from "./tree.ts";

/** `sluice-VERSION-1.ARCH.rpm` of what is laid out in a folder, as it is to stand at `/`. Gives its path. */
export async function makeRpm(
  root: string,
  folder: string,
  to: string,
  arch: Arch,
  of: Release,
  fast: boolean,
): Promise<string> {
  const top = `${folder}.rpm`;
  await mkdir(top);
  await settle(folder, of.seconds);
  const name = `sluice-${of.version}-1.${NAMES[arch].rpm}.rpm`;
  const defines = {
    _topdir: top,
    stage: folder,
    sluice_version: of.version,
    sluice_summary: of.summary,
    _binary_payload: fast ? "w1.zstdio" : "w6.xzdio",
    _buildhost: "localhost",
    use_source_date_epoch_as_buildtime: "1",
    clamp_mtime_to_source_date_epoch: "1",
  };
  await must(
    "rpmbuild",
    [
      "-bb",
      "--quiet",
      `--target=${NAMES[arch].rpm}-linux`,
      ...Object.entries(defines).flatMap(([key, value]) => ["--define", `${key} ${value}`]),
      join(root, "packaging/rpm/sluice.spec"),
    ],
    { env: { SOURCE_DATE_EPOCH: String(of.seconds) }, timeoutMs: PACKING_MS },
  );
  await copyFile(join(top, "RPMS", NAMES[arch].rpm, name), join(to, name));
  await rm(top, { recursive: true });
  return join(to, name);
}
