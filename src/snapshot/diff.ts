import type { ManifestEntry } from "./manifest.ts";

export interface PackageChange {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
}

export interface SnapshotDiff {
  readonly added: readonly PackageChange[];
  readonly removed: readonly PackageChange[];
  readonly changed: readonly {
    readonly name: string;
    readonly arch: string;
    readonly from: string;
    readonly to: string;
  }[];
}

export interface FileDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Packages that differ between two manifests. Where a name and architecture have several versions, those on one side only are paired newest with
 * newest as changes; what is left over is added or removed. Sorted by name, architecture, version.
 */
export function diffPackages(
  a: readonly ManifestEntry[],
  b: readonly ManifestEntry[],
  compareVersions: (a: string, b: string) => number,
): SnapshotDiff {
  const before = versionsByPackage(a);
  const after = versionsByPackage(b);
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  const added: PackageChange[] = [];
  const removed: PackageChange[] = [];
  const changed: { name: string; arch: string; from: string; to: string }[] = [];
  for (const key of keys) {
    const [name = "", arch = ""] = key.split("\n");
    const old = before.get(key) ?? new Set<string>();
    const fresh = after.get(key) ?? new Set<string>();
    const gone = [...old].filter((version) => !fresh.has(version)).toSorted((x, y) => compareVersions(y, x));
    const come = [...fresh].filter((version) => !old.has(version)).toSorted((x, y) => compareVersions(y, x));
    const pairs = Math.min(gone.length, come.length);
    for (let at = 0; at < pairs; at++) changed.push({ name, arch, from: gone[at] ?? "", to: come[at] ?? "" });
    for (const version of come.slice(pairs)) added.push({ name, arch, version });
    for (const version of gone.slice(pairs)) removed.push({ name, arch, version });
  }
  return { added, removed, changed };
}

/** Paths that differ. */
export function diffFiles(a: readonly ManifestEntry[], b: readonly ManifestEntry[]): FileDiff {
  const before = new Map(a.map((entry) => [entry.path, entry.sha256]));
  const after = new Map(b.map((entry) => [entry.path, entry.sha256]));
  return {
    added: [...after.keys()].filter((path) => !before.has(path)),
    removed: [...before.keys()].filter((path) => !after.has(path)),
    changed: [...after]
      .filter(([path, sha256]) => (before.get(path) ?? sha256) !== sha256)
      .map(([path]) => path),
  };
}

function versionsByPackage(entries: readonly ManifestEntry[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.kind !== "package" || entry.name === undefined || entry.version === undefined) continue;
    const key = `${entry.name}\n${entry.arch ?? ""}`;
    const versions = found.get(key);
    if (versions === undefined) found.set(key, new Set([entry.version]));
    else versions.add(entry.version);
  }
  return found;
}
