import { Readable } from "node:stream";
import { SluiceError } from "../../base/errors.ts";
import { sha256 } from "../../base/digest.ts";
import type { ReadStore } from "../../store/contract.ts";
import { isRefName, isVersion } from "../../store/ref-names.ts";
import type { CargoRef } from "../contract.ts";

/** Versions of refs by name: what a bundle shows of its sender's store. */
export type RefTexts = Map<string, Map<number, Buffer>>;

interface Line {
  readonly ref: string;
  readonly version: number;
  /** The bytes of the version, which are UTF-8. */
  readonly text: string;
}

/** The refs of a cargo as one member: a line of JSON each, in their order. */
export async function encodeRefs(store: ReadStore, refs: readonly CargoRef[]): Promise<Buffer> {
  const lines: string[] = [];
  for (const { name, versions } of refs) {
    for (const version of versions) {
      const bytes = await store.readRef(name, version);
      if (bytes === undefined)
        throw new SluiceError(
          "ref_corrupt",
          `refs/${name}/${version}.json is missing: run \`sluice verify\`.`,
        );
      const line: Line = { ref: name, version, text: bytes.toString("utf8") };
      lines.push(`${JSON.stringify(line)}\n`);
    }
  }
  return Buffer.from(lines.join(""));
}

/** Reads them back; throws tar_unexpected where they are not as encodeRefs writes them. */
export function decodeRefs(bytes: Buffer, what: string): RefTexts {
  const found: RefTexts = new Map();
  for (const text of bytes.toString("utf8").split("\n")) {
    if (text === "") continue;
    const line = parse(text);
    if (line === undefined)
      throw new SluiceError(
        "tar_unexpected",
        `${what} holds a record that is none: it was damaged or altered.`,
      );
    const versions = found.get(line.ref) ?? new Map<number, Buffer>();
    found.set(line.ref, versions.set(line.version, Buffer.from(line.text)));
  }
  return found;
}

function parse(text: string): Line | undefined {
  try {
    const { ref, version, text: content } = JSON.parse(text) as Partial<Line>;
    const isLine =
      typeof ref === "string" &&
      isRefName(ref) &&
      typeof version === "number" &&
      isVersion(version) &&
      typeof content === "string";
    return isLine ? { ref, version, text: content } : undefined;
  } catch {
    return undefined;
  }
}

/** A store that shows these refs and these blobs (manifests and key files) from memory; other blobs it does not have. */
export function recordsStore(refs: RefTexts, blobs: ReadonlyMap<string, Buffer>): ReadStore {
  return {
    async openBlob(name) {
      const bytes = blobs.get(name);
      if (bytes === undefined)
        throw new SluiceError("blob_missing", `The blob ${name} is not among the records.`);
      return Readable.from([bytes]);
    },
    close: async () => undefined,
    async statBlob(name) {
      const bytes = blobs.get(name);
      return bytes === undefined ? undefined : { sha256: name, size: bytes.length };
    },
    async readBlob(name, maxSize = Infinity) {
      const bytes = blobs.get(name);
      if (bytes === undefined)
        throw new SluiceError("blob_missing", `The blob ${name} is not among the records.`);
      if (bytes.length > maxSize)
        throw new SluiceError("too_large", `The blob ${name} is larger than ${maxSize} bytes.`);
      if (sha256(bytes) !== name)
        throw new SluiceError("blob_corrupt", `The blob ${name} is not what it is called.`);
      return bytes;
    },
    async listRefs(prefix) {
      return [...refs.keys()].filter((name) => name.startsWith(prefix)).toSorted();
    },
    async refVersions(name) {
      return [...(refs.get(name)?.keys() ?? [])].toSorted((a, b) => a - b);
    },
    async readRef(name, version) {
      return refs.get(name)?.get(version);
    },
    quarantined: async () => [],
  };
}
