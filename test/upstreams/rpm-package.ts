import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import type { KeyStore, SigningKey } from "./gpg.ts";

export interface RpmSpec {
  readonly name: string;
  readonly version: string;
  readonly release?: string | undefined;
  readonly epoch?: number | undefined;
  /** `noarch` by default. */
  readonly arch?: string | undefined;
  readonly group?: string | undefined;
  readonly requires?: string | undefined;
  /** Bytes of a file in it that does not compress. */
  readonly bytes?: number | undefined;
  /** Undefined: the repository's; null: not signed. */
  readonly signWith?: SigningKey | null | undefined;
}

/** `name-version-release.arch.rpm`. */
export function rpmName({ name, version, release = "1", arch = "noarch" }: RpmSpec): string {
  return `${name}-${version}-${release}.${arch}.rpm`;
}

/** `epoch:version-release`, as Sluice writes it. */
export function rpmVersion({ epoch = 0, version, release = "1" }: RpmSpec): string {
  return `${epoch === 0 ? "" : `${epoch}:`}${version}-${release}`;
}

/** Builds and signs a package, or takes it from the cache; its path. */
export async function buildRpm(
  spec: RpmSpec,
  keys: KeyStore,
  signer: SigningKey | null,
  cache: string,
): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([spec, signer?.fingerprint]))
    .digest("hex");
  const built = join(cache, `${key}.rpm`);
  if (existsSync(built)) return built;
  const folder = await tempFolder("rpmbuild");
  try {
    const arch = spec.arch ?? "noarch";
    await writeFile(join(folder, "package.spec"), specText(spec));
    const define = (name: string, value: string): string[] => ["--define", `${name} ${value}`];
    await must(
      "rpmbuild",
      [
        "-bb",
        ...define("_topdir", folder),
        ...define("_rpmfilename", "built.rpm"),
        ...define("_build_id_links", "none"),
        ...define("_binary_payload", "w1.gzdio"),
        "--target",
        arch,
        join(folder, "package.spec"),
      ],
      { env: { HOME: folder } },
    );
    const made = join(folder, "RPMS/built.rpm");
    if (signer !== null) await signRpm(made, keys, signer);
    await mkdir(cache, { recursive: true });
    await copyFile(made, `${built}.new`);
    await rename(`${built}.new`, built);
    return built;
  } finally {
    await removeFolder(folder);
  }
}

/** Signs a package in place. */
export async function signRpm(path: string, keys: KeyStore, signer: SigningKey): Promise<void> {
  await must("rpmsign", ["--define", `_gpg_name ${signer.fingerprint}`, "--addsign", path], {
    env: { GNUPGHOME: keys.home, HOME: keys.home },
  });
}

function specText(spec: RpmSpec): string {
  const { name, version, release = "1", epoch, group, requires, bytes = 0 } = spec;
  const file = `%{buildroot}/usr/share/sluice/${name}`;
  return [
    `Name: ${name}`,
    `Version: ${version}`,
    `Release: ${release}`,
    ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
    `Summary: ${name}`,
    "License: none",
    ...(group === undefined ? [] : [`Group: ${group}`]),
    ...(requires === undefined ? [] : [`Requires: ${requires}`]),
    ...(spec.arch === undefined || spec.arch === "noarch" ? ["BuildArch: noarch"] : []),
    "AutoReqProv: no",
    "%description",
    `The package ${name} & others.`,
    "%install",
    "mkdir -p %{buildroot}/usr/share/sluice",
    `echo ${name} ${version} > ${file}`,
    ...(bytes === 0 ? [] : [`head -c ${bytes} /dev/urandom >> ${file}`]),
    "%files",
    `/usr/share/sluice/${name}`,
    "",
  ].join("\n");
}
