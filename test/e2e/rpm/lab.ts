import { sluiceSite } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { staticServer } from "../../servers/static.ts";
import type { StaticServer } from "../../servers/static.ts";
import { Cleanup } from "../../temp.ts";
import { openKeys } from "../../upstreams/gpg.ts";
import type { KeyStore, SigningKey } from "../../upstreams/gpg.ts";
import type { RpmSpec } from "../../upstreams/rpm-package.ts";
import { rpmRepository } from "../../upstreams/rpm.ts";
import type { RpmRepository, RpmState } from "../../upstreams/rpm.ts";

/** Why the rpm tests cannot run here, or false. */
export const skipRpm = needs("rpmbuild", "rpmsign", "createrepo_c", "modifyrepo_c", "gpg");

/** Versions with epoch, caret and tilde, and a dependency. */
export const PACKAGES: readonly RpmSpec[] = [
  { name: "base", version: "1.0^git1", epoch: 1, arch: "x86_64" },
  { name: "tool", version: "2.0~rc1", requires: "base >= 1:1.0" },
];

/** All that a test file opens is closed by `cleanup.run()`. */
export interface RpmLab {
  readonly cleanup: Cleanup;
  readonly keys: KeyStore;
  readonly vendor: SigningKey;
  upstream(options?: Partial<RpmState>): Promise<RpmRepository>;
  fork(repository: RpmRepository): Promise<RpmRepository>;
  server(root: string): Promise<StaticServer>;
  site(inline?: boolean): Promise<SluiceSite>;
}

export async function openLab(): Promise<RpmLab> {
  const cleanup = new Cleanup();
  const keys = cleanup.use(await openKeys());
  const vendor = await keys.create("Vendor <vendor@example.org>", { algorithm: "rsa3072" });
  return {
    cleanup,
    keys,
    vendor,
    upstream: async (options = {}) =>
      cleanup.use(await rpmRepository(keys, { packages: PACKAGES, signWith: vendor, ...options })),
    fork: async (repository) => cleanup.use(await repository.fork()),
    server: async (root) => cleanup.use(await staticServer(root)),
    site: async (inline) => cleanup.use(await sluiceSite("site", undefined, inline)),
  };
}

/** The config of a mirror of this repository, served at `url`. No retries, so that faults show at once. */
export function mirrorOf(
  repository: RpmRepository,
  url: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    ecosystem: "rpm",
    upstream: url,
    keyring: repository.state.signWith.binary,
    retries: 0,
    timeout: "10s",
    ...more,
  };
}
