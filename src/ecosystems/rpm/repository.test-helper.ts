import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Trust } from "../../trust/contract.ts";
import type { RootFile, Upstream } from "../../upstream/contract.ts";
import type { CommonOptions, Step } from "../contract.ts";
import { rpmOptions } from "./options.ts";
import { enumerate } from "./walk.ts";

/** An upstream that is a folder; each file that is given is held to its digests, as the engine does. */
export function folderUpstream(root: string): Upstream {
  const read = async (path: string): Promise<Buffer | undefined> =>
    await readFile(join(root, path)).catch((fault: NodeJS.ErrnoException) => {
      if (fault.code !== "ENOENT") throw fault;
      return undefined;
    });
  return {
    async roots(groups) {
      const found = new Map<string, RootFile>();
      for (const file of groups.flatMap((group) => group.files)) {
        const bytes = await read(file.path);
        if (bytes === undefined) continue;
        found.set(file.path, { ...file, bytes, sha256: createHash("sha256").update(bytes).digest("hex") });
      }
      return found;
    },
    async get({ path, digests }) {
      const bytes = await read(path);
      if (bytes === undefined) return undefined;
      for (const [algorithm, hex] of Object.entries(digests)) {
        if (createHash(algorithm).update(bytes).digest("hex") !== hex) throw new Error(`${path} differs`);
      }
      return (async function* () {
        yield bytes;
      })();
    },
  };
}

export async function walk(
  root: string,
  trust: Trust,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Exclude<Step, "unchanged">[]> {
  const { mode = "verbatim", skip, only, ...own } = more;
  const options = { ...rpmOptions.strict().parse(own), mode, skip, only } as ReturnType<
    typeof rpmOptions.parse
  > &
    CommonOptions;
  const steps = await Array.fromAsync(enumerate(folderUpstream(root), options, trust));
  return steps.filter((step) => step !== "unchanged");
}

export async function trustOf(path: string): Promise<Trust & { kind: "keys" }> {
  const bytes = await readFile(path);
  return { kind: "keys", files: [{ name: path, bytes }], pinned: [], allowWeak: [] };
}
