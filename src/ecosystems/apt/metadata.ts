import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { encodePath } from "../../base/path.ts";
import { Moved, type Entry, type Upstream } from "../../upstream/contract.ts";
import type { Form, WantedIndex } from "./forms.ts";
import { inFolder } from "./roots.ts";
import type { Suite } from "./suites.ts";

/** An index that the upstream has in some form, and the entries that a snapshot holds for it. */
export interface FoundIndex {
  readonly suite: Suite;
  readonly index: WantedIndex;
  /** The canonical name first, then the name by hash, where the suite has those. */
  readonly entries: readonly [Entry, ...Entry[]];
}

/**
 * Brings in all indices of all suites, each in the first form that the upstream has. An optional one that is absent is left out; for any other,
 * throws Moved: Release promises it.
 */
export async function findIndices(upstream: Upstream, suites: readonly Suite[]): Promise<FoundIndex[]> {
  const wanted = suites.flatMap((suite) => suite.choice.indices.map((index) => ({ suite, index })));
  // All are waited for even if one fails, so that nothing goes on behind the back of the caller.
  const results = await Promise.allSettled(
    wanted.map(({ suite, index }) => findIndex(upstream, suite, index)),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" && result.value ? [result.value] : []));
}

async function findIndex(
  upstream: Upstream,
  suite: Suite,
  index: WantedIndex,
): Promise<FoundIndex | undefined> {
  let refused: SluiceError | undefined;
  for (const form of index.forms) {
    for (const entries of candidates(suite, form)) {
      try {
        const body = await upstream.get(entries[0]);
        if (body === undefined) continue;
        await leave(body);
        return { suite, index, entries };
      } catch (error) {
        // Some vendors' storage answers 403 for what it does not have: there may be another name, or form.
        if (!(error instanceof SluiceError) || error.code !== "upstream_refused") throw error;
        refused ??= error;
      }
    }
  }
  if (index.kind === "release") return undefined;
  if (refused !== undefined) throw refused;
  const lacks = `${inFolder(suite.folder, index.name)} is listed in Release, but the upstream has it in no form that Sluice can use`;
  const advice = index.hasLzma
    ? "; .lzma, which is listed too, it cannot read: ask the vendor for .xz or .gz"
    : `: try again later, or another upstream${leaveOut(index)}`;
  throw new Moved(new SluiceError("file_missing", `${lacks}${advice}.`));
}

// What the operator did not ask for by name can be left out by name.
function leaveOut({ kind, name }: WantedIndex): string {
  if (kind === "translation") return ", or leave it out by `languages`";
  if (kind !== "target") return "";
  const option = name.includes("/dep11/icons-")
    ? "icons: none"
    : name.includes("/dep11/")
      ? "dep11: false"
      : name.includes("/cnf/")
        ? "cnf: false"
        : "contents: false";
  return `, or say \`${option}\``;
}

// By hash first, where the suite offers that: it cannot be of another generation than the Release.
function* candidates(suite: Suite, form: Form): Generator<[Entry, ...Entry[]]> {
  const path = inFolder(suite.folder, form.path);
  const best = strongest(form.digests);
  const { sha256, sha512 } = form.digests;
  const entry = (at: string, from: string): Entry => ({
    path: at,
    from: encodePath(from),
    kind: "metadata",
    digests: { ...(sha256 !== undefined && { sha256 }), ...(sha512 !== undefined && { sha512 }) },
    size: form.size,
  });
  if (!suite.release.byHash || best === undefined) {
    yield [entry(path, path)];
    return;
  }
  const byHash = `${inFolder(path.slice(0, Math.max(0, path.lastIndexOf("/"))), "by-hash")}/${best.algorithm.toUpperCase()}/${best.hex}`;
  for (const from of [byHash, path]) yield [entry(path, from), entry(byHash, from)];
}

/** Lets go of a body without reading it. */
async function leave(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
