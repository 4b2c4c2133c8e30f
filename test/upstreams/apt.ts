import { createHash } from "node:crypto";
import { cp, link, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { dropPlain, fillPool, writeIndices } from "./apt-indices.ts";
import { writeRelease } from "./apt-release.ts";
import { shapeDefaults } from "./apt-spec.ts";
import type { AptChange, AptShape, AptState } from "./apt-spec.ts";
import type { PackageSpec } from "./deb.ts";
import type { KeyStore, SigningKey } from "./gpg.ts";

export interface PublishOptions {
  /** By-hash files of older states stay on the server; true by default, as in Debian. */
  readonly keepByHash?: boolean | undefined;
  /** Packages that no suite lists any more stay in the pool; false by default. */
  readonly keepPool?: boolean | undefined;
}

/** A signed apt repository in a folder, ready to be served as it is. */
export interface AptRepository extends AsyncDisposable {
  readonly root: string;
  readonly state: AptState;
  /** Changes it in place, in a real upstream's order; the date goes on by a minute unless given. */
  publish(change: AptChange, options?: PublishOptions): Promise<void>;
  /** A copy in another folder, which goes its own way. */
  fork(): Promise<AptRepository>;
}

export interface AptOptions extends AptChange {
  readonly shape?: AptShape | undefined;
  readonly packages: readonly PackageSpec[];
  readonly signWith: readonly SigningKey[];
}

const MINUTE = 60_000;

/** Builds a repository with dpkg-deb, apt-ftparchive and gpg. It is dated an hour ago, so that later states are not in the future. */
export async function aptRepository(keys: KeyStore, options: AptOptions): Promise<AptRepository> {
  const shape = options.shape ?? "debian";
  const date = options.date ?? Math.floor(Date.now() / 1000) * 1000 - 60 * MINUTE;
  const state: AptState = { ...shapeDefaults(shape, date), ...options, shape, date };
  const home = await tempFolder("upstream");
  const repository = handle(home, state, keys, undefined);
  await repository.publish({ date });
  return repository;
}

function handle(home: string, first: AptState, keys: KeyStore, debs: string | undefined): AptRepository {
  const root = join(home, "root");
  const cache = debs ?? join(home, "debs");
  let state = first;

  return {
    root,
    get state() {
      return state;
    },
    async publish(change, options = {}) {
      const date = change.date ?? state.date + MINUTE;
      const validUntil =
        "validUntil" in change || state.validUntil === undefined
          ? state.validUntil
          : state.validUntil + (date - state.date);
      state = { ...state, validUntil, ...change, date };
      const next = join(home, "next");
      const pool = await fillPool(next, state, cache);
      for (const suite of state.suites) {
        const dists = join(next, "dists", suite);
        await mkdir(dists, { recursive: true });
        await writeIndices(next, suite, state, pool);
        await state.edit.folder?.(dists, suite);
        await writeRelease(dists, suite, state, keys);
        await dropPlain(dists, state);
        if (state.byHash !== false) await addByHash(dists, state);
      }
      if (options.keepByHash === false) await removeByHash(root);
      await moveInOrder(next, root);
      await removeGone(root, state, options.keepPool === true ? undefined : pool);
      await removeFolder(next);
    },
    async fork() {
      const copy = await tempFolder("upstream");
      await must("cp", ["-a", root, join(copy, "root")]);
      return handle(copy, state, keys, cache);
    },
    async [Symbol.asyncDispose]() {
      await removeFolder(home);
    },
  };
}

/** Every file below a folder, relative to it, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((item) => !item.isDirectory())
    .map((item) => relative(folder, join(item.parentPath, item.name)))
    .toSorted();
}

// Hard links, so that what a test does to an index in place happens to its by-hash names too.
async function addByHash(dists: string, state: AptState): Promise<void> {
  for (const path of await filesBelow(dists)) {
    if (/^(InRelease|Release(\.gpg)?)$/.test(path) || path.includes("by-hash/")) continue;
    const bytes = await readFile(join(dists, path));
    for (const field of state.hashes) {
      const hex = createHash(field.toLowerCase().replace("sum", "")).update(bytes).digest("hex");
      const target = join(dists, dirname(path), "by-hash", field, hex);
      await mkdir(dirname(target), { recursive: true });
      await link(join(dists, path), target).catch((fault: NodeJS.ErrnoException) => {
        // Two empty indices have one hash.
        if (fault.code !== "EEXIST") throw fault;
      });
    }
  }
}

const ORDER = [/^pool\//, /by-hash\//, /^dists\//, /^\/Release$/, /^\/Release\.gpg$/, /^\/InRelease$/];

function rank(path: string): number {
  // A suite's own Release must not be taken for one of the indices.
  const name = path.replace(/^dists\/[^/]+\/(InRelease|Release(?:\.gpg)?)$/, "/$1");
  return ORDER.findLastIndex((pattern) => pattern.test(name));
}

async function moveInOrder(from: string, to: string): Promise<void> {
  const files = (await filesBelow(from)).toSorted((a, b) => rank(a) - rank(b));
  for (const path of files) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await rename(join(from, path), join(to, path));
  }
}

async function removeByHash(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const path of await filesBelow(root)) if (path.includes("/by-hash/")) await rm(join(root, path));
}

async function removeGone(
  root: string,
  state: AptState,
  pool: ReadonlyMap<string, PackageSpec> | undefined,
): Promise<void> {
  for (const path of await filesBelow(root)) {
    const stale =
      (pool !== undefined && path.startsWith("pool/") && !pool.has(path)) ||
      (!state.inRelease && path.endsWith("/InRelease")) ||
      (!state.releaseGpg && path.endsWith("/Release.gpg"));
    if (stale) await rm(join(root, path));
  }
}

/** Puts the roots of another state of the same repository over this one's: a replay. */
export async function replayRoots(
  from: AptRepository,
  to: AptRepository,
  files: readonly string[] = ["Release", "Release.gpg", "InRelease"],
): Promise<void> {
  for (const suite of to.state.suites)
    for (const file of files)
      await cp(join(from.root, "dists", suite, file), join(to.root, "dists", suite, file));
}
