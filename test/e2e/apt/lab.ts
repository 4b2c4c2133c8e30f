import { createHash } from "node:crypto";
import { deepEqual, equal } from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { aptClient } from "../../clients/apt.ts";
import type { AptClient, AptClientOptions } from "../../clients/apt.ts";
import { sluiceSite } from "../../clients/sluice.ts";
import type { SluiceSite, SyncLine } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { staticServer } from "../../servers/static.ts";
import type { StaticServer } from "../../servers/static.ts";
import { Cleanup } from "../../temp.ts";
import { aptRepository } from "../../upstreams/apt.ts";
import type { AptOptions, AptRepository } from "../../upstreams/apt.ts";
import type { PackageSpec } from "../../upstreams/deb.ts";
import { openKeys } from "../../upstreams/gpg.ts";
import type { KeyStore, SigningKey } from "../../upstreams/gpg.ts";

/** Why the apt tests cannot run here, or false. */
export const skipApt = needs("apt-get", "apt-ftparchive", "dpkg-deb", "gpg", "xz", "nginx");

/** A small archive: versions with epoch, plus and tilde, a dependency, and a package for all architectures. */
export const PACKAGES: readonly PackageSpec[] = [
  { name: "base", version: "1:1.0+dfsg~rc1-1" },
  { name: "tool", version: "2.0-1", depends: "base (>= 1:1.0)" },
  { name: "doc", version: "2.0-1", arch: "all", section: "doc" },
];

/** All that a test file opens is closed by `cleanup.run()`. */
export interface Lab {
  readonly cleanup: Cleanup;
  readonly keys: KeyStore;
  readonly vendor: SigningKey;
  upstream(options?: Partial<AptOptions>): Promise<AptRepository>;
  fork(repository: AptRepository): Promise<AptRepository>;
  server(root: string, host?: string): Promise<StaticServer>;
  site(): Promise<SluiceSite>;
  apt(options?: AptClientOptions): Promise<AptClient>;
}

export async function openLab(): Promise<Lab> {
  const cleanup = new Cleanup();
  const keys = cleanup.use(await openKeys());
  const vendor = await keys.create("Vendor <vendor@example.org>");
  return {
    cleanup,
    keys,
    vendor,
    upstream: async (options = {}) =>
      cleanup.use(await aptRepository(keys, { packages: PACKAGES, signWith: [vendor], ...options })),
    fork: async (repository) => cleanup.use(await repository.fork()),
    server: async (root, host) => cleanup.use(await staticServer(root, host)),
    site: async () => cleanup.use(await sluiceSite()),
    apt: async (options) => cleanup.use(await aptClient(options)),
  };
}

/** The config of a mirror of this repository, served at `url`, for amd64. No retries, so that faults show at once. */
export function mirrorOf(
  repository: AptRepository,
  url: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { suites, components, signWith } = repository.state;
  return {
    ecosystem: "apt",
    upstream: url,
    suites,
    components: components.map(lastSegment),
    architectures: ["amd64"],
    keyring: signWith.map((key) => key.binary),
    retries: 0,
    timeout: "10s",
    ...more,
  };
}

/** The components as a client names them. */
export function clientComponents(repository: AptRepository): string {
  return repository.state.components.map(lastSegment).join(" ");
}

function lastSegment(component: string): string {
  return component.slice(component.lastIndexOf("/") + 1);
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 of every file below a folder by its relative path; links to files and folders are followed. */
export async function digestsBelow(folder: string, below = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const item of (await readdir(join(folder, below), { withFileTypes: true })).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(below, item.name);
    const bytes = await readFile(join(folder, path)).catch((fault: NodeJS.ErrnoException) => {
      if (fault.code !== "EISDIR") throw fault;
    });
    if (bytes !== undefined) found.set(path, sha256(bytes));
    else for (const [inner, digest] of await digestsBelow(folder, path)) found.set(inner, digest);
  }
  return found;
}

/** SHA-256 of what a server answers for each of these paths. */
export async function digestsServed(url: string, paths: Iterable<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const reply = await fetch(`${url}/${encoded}`);
    const bytes = new Uint8Array(await reply.arrayBuffer());
    equal(reply.status, 200, `${url}/${encoded}`);
    found.set(path, sha256(bytes));
  }
  return found;
}

/** Holds a tree to be a copy of one state: each of its files is that state's file, byte for byte. */
export function assertCopyOf(
  tree: ReadonlyMap<string, string>,
  upstream: ReadonlyMap<string, string>,
  what: string,
): void {
  const alien = [...tree].filter(([path, digest]) => upstream.get(path) !== digest).map(([path]) => path);
  deepEqual(alien, [], `files that are not of ${what}`);
}

/** Holds a sync to its end: exit 0 and the result that is expected. */
export function assertSynced(line: SyncLine & { code: number | null }, result: SyncLine["result"]): void {
  equal(line.error, undefined);
  deepEqual([line.code, line.result], [0, result]);
}
