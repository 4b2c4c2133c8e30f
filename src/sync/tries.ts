import { asSluiceError, SluiceError, type ErrorCode } from "../base/errors.ts";
import { Moved, type Transport } from "../upstream/contract.ts";

/** Walks that may begin with changed roots before the sync gives up, and those with the same roots. */
const MAX_CHANGED = 6;
const MAX_SAME = 2;

/** Faults of roots for which another upstream may be better. */
const ROOT_FAULTS: ReadonlySet<ErrorCode> = new Set([
  "root_older",
  "root_expired",
  "root_future",
  "root_missing",
  "roots_disagree",
  "signature_missing",
  "signature_bad",
  "signature_untrusted",
  "signature_framing",
  "key_expired",
  "key_revoked",
  "metadata_invalid",
  "wrong_repository",
]);

/** How often, and over which upstreams, a sync walks until it gives up. */
export class Tries {
  /** Those that are still worth asking, in the order of the config. */
  sources: readonly Transport[];
  readonly #mirror: string;
  #first: SluiceError | undefined;
  #lastRoots = "";
  #changed = 0;
  #same = 0;

  constructor(mirror: string, sources: readonly Transport[]) {
    this.#mirror = mirror;
    this.sources = sources;
  }

  /**
   * Decides what becomes of a walk that failed: throws what is to be reported, or returns what to tell before the next walk, which is worth a pause where the
   * upstream is moving. `roots` names the roots that the walk began with, `from` where they came from; `settle` says whether it is worth walking once more
   * with the same roots, since what is missing will be done without.
   */
  next(
    error: unknown,
    roots: string,
    from: Transport | undefined,
    settle: (reason: SluiceError) => boolean,
  ): { told: string; pause: boolean } {
    const moved = error instanceof Moved;
    const reason = asSluiceError(moved ? error.otherwise : error);
    if (moved || reason.code === "blob_missing") {
      if (roots !== this.#lastRoots) this.#same = 0;
      const again = roots === this.#lastRoots && ++this.#same >= MAX_SAME;
      this.#lastRoots = roots;
      if (!again && ++this.#changed >= MAX_CHANGED) throw this.#first ?? this.#moving(reason);
      if (!again || settle(reason)) return { told: reason.message, pause: true };
    }
    const others = this.sources.filter((source) => source !== from);
    if (from === undefined || others.length === 0 || !ROOT_FAULTS.has(reason.code))
      throw this.#first ?? reason;
    this.#first ??= reason;
    this.#same = 0;
    this.sources = others;
    return { told: `${from.name} is left out of this sync: ${reason.message}`, pause: false };
  }

  #moving(reason: SluiceError): SluiceError {
    return new SluiceError(
      "upstream_moving",
      `The upstream of '${this.#mirror}' changed ${MAX_CHANGED} times during the sync: try again later. Last: ${reason.message}`,
    );
  }
}
