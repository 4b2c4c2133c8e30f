import { access, link, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../../test/run.ts";
import { makeKey, type TestKey } from "../../test/toys/key.ts";
import { makeDeb } from "./deb.ts";
import { writeRelease } from "./release.ts";
import { spreadSizes } from "./sizes.ts";
import { stanza } from "./stanza.ts";

export interface ArchiveSpec {
  readonly name: string;
  readonly packages: number;
  readonly bytes: number;
  /** Of the log-normal distribution of sizes. */
  readonly sigma: number;
}

/** v1, v2: every hundredth package has a new version; v3: the packages of v2 under a new Release. */
export const STATES = ["v1", "v2", "v3"] as const;
export type State = (typeof STATES)[number];

export interface Archive {
  readonly spec: ArchiveSpec;
  /** Holds a folder for each state, and `current`, a symlink to one of them. */
  readonly root: string;
  /** The certificate, armoured and in binary. */
  readonly keyring: { readonly armoured: string; readonly binary: string };
  /** Makes `current` that state. */
  switch(to: State): Promise<void>;
}

/** The archive of that spec below `folder`; made there unless it is there already. */
export async function openArchive(folder: string, spec: ArchiveSpec): Promise<Archive> {
  const root = join(folder, `${spec.name}-${spec.packages}-${spec.bytes}`);
  const done = join(root, "complete");
  if (!(await exists(done))) {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true });
    await build(root, spec);
    await writeFile(done, "");
  }
  const keyring = { armoured: join(root, "key.asc"), binary: join(root, "key.gpg") };
  return {
    spec,
    root,
    keyring,
    async switch(to) {
      const temporary = join(root, "next");
      await rm(temporary, { force: true });
      await symlink(to, temporary);
      await rename(temporary, join(root, "current"));
    },
  };
}

interface File {
  readonly path: string;
  readonly stanza: string;
}

async function build(root: string, spec: ArchiveSpec): Promise<void> {
  const key = await makeKey("Bench", "rsa");
  await writeFile(join(root, "key.asc"), key.armored);
  await must(
    "gpg",
    ["--batch", "--yes", "--dearmor", "--output", join(root, "key.gpg"), join(root, "key.asc")],
    {
      env: { GNUPGHOME: root },
    },
  );
  const sizes = spreadSizes(spec.packages, spec.bytes, spec.sigma);
  const first = await Promise.all(
    chunks(spec.packages).map(async (numbers) => {
      const files: File[] = [];
      for (const n of numbers) files.push(await addPackage(join(root, "v1"), n, 1, sizes[n] ?? 1));
      return files;
    }),
  );
  const before = first.flat();
  const changed = new Map<number, File>();
  for (let n = 0; n < spec.packages; n += 100)
    changed.set(n, await addPackage(join(root, "v2"), n, 2, sizes[n] ?? 1));
  const after = before.map((file, n) => changed.get(n) ?? file);
  for (const [n, file] of before.entries()) if (!changed.has(n)) await linkFile(root, "v1", "v2", file.path);
  for (const file of after) await linkFile(root, "v2", "v3", file.path);
  const hour = 3_600_000;
  const now = Date.now();
  await addIndices(join(root, "v1"), before, key, now - 3 * hour);
  await addIndices(join(root, "v2"), after, key, now - 2 * hour);
  await addIndices(join(root, "v3"), after, key, now - hour);
}

/** Numbers below `count` in rows that are worked on side by side. */
function chunks(count: number): number[][] {
  const rows: number[][] = Array.from({ length: 8 }, () => []);
  const width = Math.ceil(count / rows.length);
  for (let n = 0; n < count; n++) rows[Math.floor(n / width)]?.push(n);
  return rows;
}

// Four packages of a source share a folder.
async function addPackage(state: string, n: number, version: number, size: number): Promise<File> {
  const source = `source${String(Math.floor(n / 4)).padStart(5, "0")}`;
  const name = `package${String(n).padStart(6, "0")}`;
  const path = `pool/main/${source.slice(-2)}/${source}/${name}_${version}.0-1_amd64.deb`;
  const deb = makeDeb(name, `${version}.0-1`, size);
  await mkdir(dirname(join(state, path)), { recursive: true });
  await writeFile(join(state, path), deb);
  return { path, stanza: stanza(name, `${version}.0-1`, path, deb) };
}

async function linkFile(root: string, from: State, to: State, path: string): Promise<void> {
  await mkdir(dirname(join(root, to, path)), { recursive: true });
  await link(join(root, from, path), join(root, to, path));
}

// As Debian has it: the plain index is listed, but not there.
async function addIndices(state: string, files: readonly File[], key: TestKey, date: number): Promise<void> {
  const folder = join(state, "dists/stable");
  const index = join(folder, "main/binary-amd64/Packages");
  await mkdir(dirname(index), { recursive: true });
  await writeFile(index, files.map((file) => file.stanza).join(""));
  await must("xz", ["-1", "-k", index], { timeoutMs: 600_000 });
  await must("gzip", ["-n", "-k", index], { timeoutMs: 600_000 });
  const listed = ["", ".gz", ".xz"].map((ending) => `main/binary-amd64/Packages${ending}`);
  await writeRelease(folder, listed, key, date);
  await rm(index);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
