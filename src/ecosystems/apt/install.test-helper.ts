import assert from "node:assert/strict";
import { lstat, readFile, readdir, readlink, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { aptClient, type AptClient } from "../../../test/clients/apt.ts";
import type { Cleanup } from "../../../test/temp.ts";
import { stateFolder } from "./client-conf.ts";
import { installScript } from "./install-script.ts";

/** Where the archive lies that the mirrors are of. */
export const PLACES: readonly string[] = ["deb.example.org/debian", "deb.example.org/copy"];

/** What mirrors have of the archive, in the words of their scripts: suite, types, lacking components, lacking architectures. */
const MIRRORS = {
  main: ["trixie deb contrib,non-free arm64,i386", "stable deb contrib,non-free arm64,i386"],
  contrib: ["trixie deb,deb-src main,non-free arm64,i386"],
  updates: ["trixie-updates deb,deb-src - arm64", "trixie-backports deb - -"],
  whole: ["trixie deb,deb-src - -", "./ deb - -"],
};
export type Mirror = keyof typeof MIRRORS;
export const NAMES = ["main", "contrib", "updates", "whole"] as const;

/** The script of a mirror with a source in one line. */
export function scriptOf(mirror: Mirror): string {
  const file = (format: string, path: string, content: string) => ({ format, path, content });
  const source = file(
    "list",
    `/etc/apt/sources.list.d/sluice-${mirror}.list`,
    `deb http://mirror.example.org/${mirror}/ trixie main\n`,
  );
  const pins = file("preferences", `/etc/apt/preferences.d/sluice-${mirror}.pref`, "# pins\n");
  return installScript({
    mirror,
    channel: "stable",
    replaced: {
      suites: MIRRORS[mirror].map((line) => `suite ${line}`),
      uris: [...PLACES, `mirror.example.org/${mirror}`],
      releases: [],
    },
    source,
    older: { source, others: [] },
    others: [pins],
    needs: [],
    own: [source.path, pins.path, `${stateFolder(mirror)}/has`],
  });
}

/** A host with these files below /etc/apt, of a mode and time of their own. */
export async function hostWith(
  cleanup: Cleanup,
  files: Readonly<Record<string, string>>,
): Promise<AptClient> {
  const host = cleanup.use(await aptClient());
  for (const [path, text] of Object.entries(files)) await write(host, path, text);
  return host;
}

async function write(host: AptClient, path: string, text: string): Promise<void> {
  await writeFile(join(host.root, "etc/apt", path), text, { mode: 0o640 });
  await utimes(join(host.root, "etc/apt", path), 1_700_000_000, 1_700_000_000);
}

export async function textOf(host: AptClient, path: string): Promise<string> {
  return await readFile(join(host.root, "etc/apt", path), "utf8");
}

export async function edit(host: AptClient, path: string, change: (text: string) => string): Promise<void> {
  await writeFile(join(host.root, "etc/apt", path), change(await textOf(host, path)));
}

/** Runs the script of a mirror, which must succeed or say `code`; what it says on either stream. */
export async function run(host: AptClient, mirror: Mirror, option = "--no-test", code = 0): Promise<string> {
  const ran = await host.setUp(scriptOf(mirror), "--no-test", option);
  assert.equal(ran.code, code, ran.stdout + ran.stderr);
  return (ran.stdout + ran.stderr).replaceAll(host.root, "");
}

/** What is below /etc/apt: mode, time and content of each file, and where links lead. */
export async function state(host: AptClient): Promise<Record<string, string>> {
  const top = join(host.root, "etc/apt");
  const found: Record<string, string> = {};
  for (const item of await readdir(top, { recursive: true, withFileTypes: true })) {
    if (item.isDirectory()) continue;
    const path = join(item.parentPath, item.name);
    const { mode, mtimeMs } = await lstat(path);
    const content = item.isSymbolicLink() ? await readlink(path) : await readFile(path, "utf8");
    found[relative(top, path)] = `${mode.toString(8)} ${mtimeMs} ${content}`;
  }
  return found;
}

/** What apt would ask for: place, suite, component, architecture or `source`; of a flat one, no more than place and suite. */
export async function wanted(host: AptClient): Promise<string[]> {
  const ran = await host.get("update", "--print-uris");
  // Entries that overlap are warned of, which hosts may have.
  assert.equal(ran.code, 0, ran.stderr);
  const urls = ran.stdout.split("\n").map((line) => /^'[a-z]+:\/\/(?:user@)?([^']*)'/.exec(line)?.[1] ?? "");
  const found = urls.flatMap((url) => {
    if (url.startsWith("mirror.")) return [];
    const flat = /^(.*)\/(\.\/)Packages/.exec(url);
    const parts = /^(.*)\/dists\/([^/]+)\/(.*)\/(?:binary-([^/]+)|source)\/(?:Packages|Sources)\b/.exec(url);
    const [, place, suite, component, architecture = "source"] = parts ?? [];
    if (flat !== null) return [`${flat[1]} ${flat[2]}`];
    // Beside any other architecture, apt asks for this one too.
    return parts === null || architecture === "all" ? [] : [`${place} ${suite} ${component} ${architecture}`];
  });
  return [...new Set(found)].toSorted();
}

/** The same, less what these mirrors have. */
export function without(before: readonly string[], mirrors: readonly Mirror[]): string[] {
  const lines = mirrors.flatMap((mirror) => MIRRORS[mirror].map((line) => line.split(" ")));
  return before.filter((target) => {
    const [place, suite, component = "", architecture = ""] = target.split(" ");
    return !lines.some(
      ([name, types, components, architectures]) =>
        PLACES.includes(place ?? "") &&
        suite === name &&
        types?.split(",").includes(architecture === "source" ? "deb-src" : "deb") &&
        !components?.split(",").includes(component.replace(/.*\//, "")) &&
        !architectures?.split(",").includes(architecture),
    );
  });
}

/** The files of the host that are not of a set-up. */
export async function others(host: AptClient): Promise<Record<string, string>> {
  const found = Object.entries(await state(host)).filter(([path]) => !/sluice/.test(path));
  return Object.fromEntries(found.map(([path, text]) => [path, text.replace(/^\S+ \S+ /, "")]));
}
