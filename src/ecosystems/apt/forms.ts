import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import type { Listed, Release } from "./release.ts";

/**
 * Endings of an index in the order in which apt asks (aptconfiguration.cc, CompressionTypes; plain last). It takes the first that Release lists.
 */
const ENDINGS = [".xz", ".bz2", ".lzma", ".gz", ".lz4", ".zst", ""] as const;

/** No index of any vendor that is read comes near this; it bounds what a hostile one can make us hold. */
const MAX_INDEX_BYTES = 1024 ** 3;

/** One listed form of an index. */
export interface Form extends Listed {
  /** Relative to the folder of Release. */
  readonly path: string;
}

/**
 * What an index is for: `packages`, `udebs`, `sources` and `installer` (a SHA256SUMS) name further files and are read; `translation` and `target` (Contents,
 * DEP-11 and the like) are for clients alone; `release` is left out where the upstream does not have it.
 */
export type IndexKind = "packages" | "udebs" | "sources" | "installer" | "translation" | "target" | "release";

/** An index that the mirror must have in one form. Never one that is empty: apt does not ask for those. */
export interface WantedIndex {
  readonly kind: IndexKind;
  /** Path without ending, relative to the folder of Release: `main/binary-amd64/Packages`. */
  readonly name: string;
  /** As it stands in paths, and as clients must name it; empty in a flat repository. */
  readonly component: string;
  /** At least one, in the order in which apt asks. */
  readonly forms: readonly Form[];
  /** What Release says of the uncompressed form, whether or not the upstream has that. */
  readonly plain: Listed | undefined;
}

export type Forms = ReadonlyMap<string, readonly Form[]>;

/** The listed forms of each index, by its name without ending, in apt's order. */
export function groupForms(release: Release): Forms {
  const groups = new Map<string, Form[]>();
  for (const [path, listed] of release.files) {
    const ending = ENDINGS.find((text) => path.endsWith(text)) ?? "";
    const name = path.slice(0, path.length - ending.length);
    const forms = groups.get(name) ?? [];
    forms.push({ ...listed, path });
    groups.set(name, forms);
  }
  const rank = (form: Form): number => ENDINGS.findIndex((ending) => form.path.endsWith(ending));
  for (const forms of groups.values()) forms.sort((a, b) => rank(a) - rank(b));
  return groups;
}

/** Takes indices as they are asked for, each once; throws as `wantedIndex`. */
export function collector(
  listed: Forms,
  what: string,
): { indices: WantedIndex[]; want(kind: IndexKind, component: string, name: string): void } {
  const indices: WantedIndex[] = [];
  const seen = new Set<string>();
  return {
    indices,
    want(kind, component, name) {
      if (seen.has(name)) return;
      seen.add(name);
      const index = wantedIndex(kind, component, name, listed.get(name), what);
      if (index !== undefined) indices.push(index);
    },
  };
}

function wantedIndex(
  kind: IndexKind,
  component: string,
  name: string,
  forms: readonly Form[] | undefined,
  what: string,
): WantedIndex | undefined {
  const plain = forms?.find((form) => form.path === name);
  if (forms === undefined || plain?.size === 0) return undefined;
  const filled = forms.filter((form) => form.size > 0);
  if (filled.length === 0) return undefined;
  const weak = filled.find((form) => strongest(form.digests) === undefined);
  if (weak !== undefined) {
    // No package hangs on these: one that cannot be proven is left behind, and the client set-up keeps apt from asking.
    if (kind === "release" || kind === "target") return undefined;
    throw new SluiceError(
      "weak_digest",
      `${what} vouches for '${weak.path}' by MD5 or SHA-1 only: it is refused; ask the vendor for SHA-256.`,
    );
  }
  const isRead = ["packages", "udebs", "sources", "installer"].includes(kind);
  const small = filled.filter((form) => form.size <= MAX_INDEX_BYTES);
  const huge = filled.find((form) => form.size > MAX_INDEX_BYTES);
  // The plain form bounds what comes out of the others. What is not read only has to be there in a form that can be held.
  if (huge !== undefined && (isRead || small.length === 0)) {
    throw new SluiceError(
      "too_large",
      `${what} lists '${huge.path}' with ${huge.size} bytes, which no index has: refused.`,
    );
  }
  const readable = isRead ? small.filter((form) => !form.path.endsWith(".lzma")) : small;
  if (readable.length === 0) {
    throw new SluiceError(
      "metadata_invalid",
      `${what} offers '${name}' only as .lzma, which Sluice cannot read.`,
    );
  }
  return { kind, name, component, forms: readable, plain };
}
