import type { PackageRecord } from "./primary.ts";
import { compareVersions } from "./version.ts";

export interface Newest {
  /** True for one of the newest versions of a package. */
  has(listed: Pick<PackageRecord, "name" | "arch" | "version">): boolean;
}

/** The newest versions of each package and architecture, `count` of them, equal ones being one. */
export async function findNewest(
  packages: AsyncIterable<readonly PackageRecord[]>,
  count: number,
): Promise<Newest> {
  const versions = new Map<string, string[]>();
  for await (const batch of packages) {
    for (const { name, arch, version } of batch) {
      const key = `${name}\n${arch}`;
      const held = versions.get(key);
      if (held === undefined) versions.set(key, [version]);
      else insert(held, version, count);
    }
  }
  return {
    has({ name, arch, version }) {
      const held = versions.get(`${name}\n${arch}`);
      return held !== undefined && held.some((one) => compareVersions(one, version) === 0);
    },
  };
}

/** Into a list with the newest first. */
function insert(held: string[], version: string, count: number): void {
  const at = held.findIndex((one) => compareVersions(one, version) <= 0);
  const place = at < 0 ? held.length : at;
  const before = held[place];
  if (before !== undefined && compareVersions(before, version) === 0) return;
  held.splice(place, 0, version);
  held.length = Math.min(held.length, count);
}
