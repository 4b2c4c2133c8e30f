import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import type { KeyStore, SigningKey } from "./gpg.ts";
import { buildRpm, rpmName, type RpmSpec } from "./rpm-package.ts";

/** A file that is added to repodata beside what createrepo_c makes: `updateinfo`, `modules`, any other. */
export interface RpmExtra {
  readonly type: string;
  readonly name: string;
  readonly content: string;
}

export interface RpmState {
  readonly packages: readonly RpmSpec[];
  /** Signs packages and repomd.xml. */
  readonly signWith: SigningKey;
  /** False: there is no repomd.xml.asc. */
  readonly signMetadata: boolean;
  /** False: there is no repomd.xml.key. */
  readonly withKey: boolean;
  /** Of the metadata, in ms; the revision is this in seconds. */
  readonly date: number;
  readonly compression: "gz" | "xz" | "bz2";
  readonly checksum: "sha256" | "sha512" | "sha1";
  /** More options of createrepo_c: `--database`, `--zck`, `--simple-md-filenames`. */
  readonly options: readonly string[];
  readonly comps: string | undefined;
  readonly extras: readonly RpmExtra[];
  /** Changes repomd.xml before it is signed. */
  readonly edit: ((repomd: string) => string) | undefined;
}

/** A signed rpm repository in a folder, ready to be served as it is. */
export interface RpmRepository extends AsyncDisposable {
  readonly root: string;
  readonly state: RpmState;
  /** Changes it in place, packages first; the date goes on by a minute unless given. */
  publish(change?: Partial<RpmState>): Promise<void>;
  /** A copy in another folder, which goes its own way. */
  fork(): Promise<RpmRepository>;
}

export type RpmRepositoryOptions = Partial<RpmState> & Pick<RpmState, "packages" | "signWith">;

const MINUTE = 60_000;

/** Builds a repository with rpmbuild, createrepo_c and gpg. It is dated an hour ago, so that later states are not in the future. */
export async function rpmRepository(keys: KeyStore, options: RpmRepositoryOptions): Promise<RpmRepository> {
  const date = options.date ?? Math.floor(Date.now() / 1000) * 1000 - 60 * MINUTE;
  const state: RpmState = {
    signMetadata: true,
    withKey: true,
    compression: "gz",
    checksum: "sha256",
    options: [],
    comps: undefined,
    extras: [],
    edit: undefined,
    ...options,
    date,
  };
  const home = await tempFolder("upstream");
  const repository = handle(home, state, keys, join(home, "rpms"));
  await repository.publish({ date });
  return repository;
}

function handle(home: string, first: RpmState, keys: KeyStore, cache: string): RpmRepository {
  const root = join(home, "root");
  let state = first;
  return {
    root,
    get state() {
      return state;
    },
    async publish(change = {}) {
      state = { ...state, ...change, date: change.date ?? state.date + MINUTE };
      const next = join(home, "next");
      await mkdir(next, { recursive: true });
      await fill(next, state, keys, cache);
      await writeRepodata(home, next, state, keys);
      await mkdir(root, { recursive: true });
      await must("cp", ["-a", "--remove-destination", join(next, "Packages"), root]);
      await rm(join(root, "repodata"), { recursive: true, force: true });
      await rename(join(next, "repodata"), join(root, "repodata"));
      await rm(join(root, "Packages"), { recursive: true });
      await rename(join(next, "Packages"), join(root, "Packages"));
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

/** Where a package lies in the repository. */
export function rpmPath(spec: RpmSpec): string {
  return `Packages/${spec.name.slice(0, 1)}/${rpmName(spec)}`;
}

async function fill(next: string, state: RpmState, keys: KeyStore, cache: string): Promise<void> {
  await mkdir(join(next, "Packages"), { recursive: true });
  for (const spec of state.packages) {
    const signer = spec.signWith === undefined ? state.signWith : spec.signWith;
    const built = await buildRpm(spec, keys, signer, cache);
    const path = join(next, rpmPath(spec));
    await mkdir(dirname(path), { recursive: true });
    await copyFile(built, path);
  }
}

async function writeRepodata(home: string, next: string, state: RpmState, keys: KeyStore): Promise<void> {
  const seconds = String(Math.floor(state.date / 1000));
  const groups = join(home, "comps.xml");
  if (state.comps !== undefined) await writeFile(groups, state.comps);
  const database = state.options.includes("--database") ? [] : ["--no-database"];
  await must("createrepo_c", [
    "--quiet",
    "--workers=1",
    `--revision=${seconds}`,
    "--set-timestamp-to-revision",
    `--general-compress-type=${state.compression}`,
    `--checksum=${state.checksum}`,
    ...(state.comps === undefined ? [] : [`--groupfile=${groups}`]),
    ...database,
    ...state.options,
    next,
  ]);
  const repodata = join(next, "repodata");
  for (const { type, name, content } of state.extras) {
    const path = join(home, name);
    await writeFile(path, content);
    const how = [`--mdtype=${type}`, `--compress-type=${state.compression}`, `--checksum=${state.checksum}`];
    await must("modifyrepo_c", [...how, path, repodata]);
  }
  await sign(repodata, state, keys);
}

async function sign(repodata: string, state: RpmState, keys: KeyStore): Promise<void> {
  const path = join(repodata, "repomd.xml");
  // What modifyrepo_c adds is dated now.
  const seconds = Math.floor(state.date / 1000);
  const dated = (await readFile(path, "utf8")).replaceAll(
    /<timestamp>\d+<\/timestamp>/g,
    `<timestamp>${seconds}</timestamp>`,
  );
  const text = state.edit?.(dated) ?? dated;
  await writeFile(path, text);
  if (state.signMetadata) await writeFile(`${path}.asc`, await keys.detachSign(text, [state.signWith]));
  if (state.withKey) await copyFile(state.signWith.armoured, `${path}.key`);
}
