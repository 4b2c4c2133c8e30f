import { SluiceError } from "../../base/errors.ts";
import type { Entry } from "../../upstream/contract.ts";

/** Which paths were named, and what vouches for them: a path that is named twice must be the same file. */
export class Ledger {
  readonly #seen = new Map<string, string>();

  /** True for a new path, false for one that is known already; throws `path_conflict` where they differ. */
  add(entry: Entry): boolean {
    // SHA-256 first: two indices may list different sets of digests, but this one is in nearly all.
    const vouches = entry.digests.sha256 ?? entry.digests.sha512 ?? "";
    const known = this.#seen.get(entry.path);
    if (known === undefined) {
      this.#seen.set(entry.path, vouches);
      return true;
    }
    if (known === vouches) return false;
    throw new SluiceError(
      "path_conflict",
      `The metadata names '${entry.path}' twice, as two different files.`,
    );
  }
}
