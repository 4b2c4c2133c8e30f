import { createHash } from "node:crypto";
import type { AbsoluteIndex } from "./absolute.ts";
import type { TestKey } from "./key.ts";

export interface ToyPackage {
  readonly name: string;
  readonly version: string;
  readonly bytes: Buffer;
}

/** The files of an upstream of the toy `detached`, by path. */
export async function detachedUpstream(
  key: TestKey,
  packages: readonly ToyPackage[],
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const lines: string[] = [];
  for (const { name, version, bytes } of packages) {
    const path = `packages/${name}-${version}.pkg`;
    files.set(path, bytes);
    files.set(`${path}.sig`, await key.detachSign(bytes));
    lines.push(`${name} ${version} ${path}\n`);
  }
  const index = Buffer.from(lines.join(""));
  return files.set("INDEX", index).set("INDEX.sig", await key.detachSign(index));
}

/** The files of an upstream of the toy `absolute`, and those of the second host (its base URL ends without a slash). */
export async function absoluteUpstream(
  key: TestKey,
  packages: readonly ToyPackage[],
  secondHost: string,
): Promise<{ upstream: Map<string, Buffer>; second: Map<string, Buffer> }> {
  const second = new Map<string, Buffer>();
  const index: AbsoluteIndex = {
    packages: packages.map(({ name, version, bytes }) => {
      const path = `${name}/${version}/${name}.pkg`;
      second.set(path, bytes);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name, version, url: `${secondHost}/${path}`, sha256, size: bytes.length };
    }),
  };
  const text = Buffer.from(JSON.stringify(index));
  const upstream = new Map<string, Buffer>([["index.json", text]]);
  return { upstream: upstream.set("index.json.sig", await key.detachSign(text)), second };
}
