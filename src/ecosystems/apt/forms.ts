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
  readonly plain: Listed;
  /** True where a form is listed that apt reads and Sluice does not, so that it is not among `forms`. */
  readonly hasLzma: boolean;
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

interface Collector {
  readonly indices: WantedIndex[];
  /** Of which kinds something is listed, empty or not. */
  readonly kinds: Set<IndexKind>;
  want(kind: IndexKind, component: string, name: string): void;
}

/** Takes indices as they are asked for, each once; throws as `wantedIndex`. */
export function collector(listed: Forms, what: string): Collector {
  const indices: WantedIndex[] = [];
  const kinds = new Set<IndexKind>();
  const seen = new Set<string>();
  return {
    indices,
    kinds,
    want(kind, component, name) {
      const forms = listed.get(name);
      if (forms === undefined || seen.has(name)) return;
      seen.add(name);
      kinds.add(kind);
      const index = wantedIndex(kind, component, name, forms, what);
      if (index !== undefined) indices.push(index);
    },
  };
}

function wantedIndex(
  kind: IndexKind,
  component: string,
  name: string,
  all: readonly Form[],
  what: string,
): WantedIndex | undefined {
  const plain = all.find((form) => form.path === name);
  if (plain === undefined) {
    // apt looks for this name alone in Release (acquire-item.cc, MetaKey), whichever form it then fetches.
    if (!["packages", "udebs", "sources"].includes(kind)) return undefined;
    throw new SluiceError(
      "metadata_invalid",
      `${what} lists '${all[0]?.path}' but not '${name}' itself, and without that apt does not see the index: the vendor must list the uncompressed file too, whether or not it is there.`,
    );
  }
  if (plain.size === 0) return undefined;
  const filled = all.filter((form) => form.size > 0);
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
  const forms = isRead ? small.filter((form) => !form.path.endsWith(".lzma")) : small;
  return { kind, name, component, forms, plain, hasLzma: forms.length < small.length };
}
