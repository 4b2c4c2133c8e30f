import { checkShape } from "../snapshot/record-shape.ts";
import { readRef, type RefVersion } from "../store/refs.ts";
import type { ReadStore } from "../store/contract.ts";
import { WeightedCache } from "./cache.ts";
import type { Recent } from "./recent.ts";

const MAX_VERSIONS = 50_000;
const AT_ONCE = 32;

/**
 * Refs of a store: which versions there are is asked anew after a moment, each version is read once, since it
 * never changes.
 */
export class RefCache {
  readonly #store: ReadStore;
  readonly #recent: Recent;
  readonly #versions = new WeightedCache<RefVersion<unknown>>(MAX_VERSIONS, () => 1);

  constructor(store: ReadStore, recent: Recent) {
    this.#store = store;
    this.#recent = recent;
  }

  /** The highest version, undefined where the ref does not exist. */
  async latest<B>(name: string): Promise<RefVersion<B> | undefined> {
    const version = (await this.#numbers(name)).at(-1);
    return version === undefined ? undefined : await this.version<B>(name, version);
  }

  /** Until when, as performance.now() counts, `latest` may go on giving what it gave. */
  until(name: string): number {
    return this.#recent.until(`versions ${name}`);
  }

  /** All versions, oldest first. */
  async history<B>(name: string): Promise<RefVersion<B>[]> {
    const numbers = await this.#numbers(name);
    const found: RefVersion<B>[] = [];
    for (let at = 0; at < numbers.length; at += AT_ONCE) {
      const batch = numbers.slice(at, at + AT_ONCE);
      found.push(...(await Promise.all(batch.map((version) => this.version<B>(name, version)))));
    }
    return found;
  }

  #numbers(name: string): Promise<number[]> {
    return this.#recent.get(`versions ${name}`, () => this.#store.refVersions(name));
  }

  /** One version; throws ref_corrupt where it is not there. */
  async version<B>(name: string, version: number): Promise<RefVersion<B>> {
    const read = async () => checkShape(await readRef<unknown>(this.#store, name, version));
    return (await this.#versions.get(`${name} ${version}`, read)) as RefVersion<B>;
  }
}
