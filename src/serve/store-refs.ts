import { offeredTop, PAGE, runsOf, topsOf, type RefPage, type Versions } from "../store/http/protocol.ts";
import type { ReadStore } from "../store/contract.ts";
import { Recent } from "./recent.ts";

/** The refs of a store that other sites may read. */
export class OfferedRefs {
  readonly #store: ReadStore;
  // To list names costs a look at every ref: once for all pages of that moment.
  readonly #names: Recent;

  constructor(store: ReadStore, freshMs: number) {
    this.#store = store;
    this.#names = new Recent(freshMs);
  }

  /** The names that begin with `prefix` and come behind `after`, as many as one answer holds. */
  async page(prefix: string, after: string): Promise<RefPage> {
    const found: string[] = [];
    for (const top of topsOf(prefix))
      for (const name of await this.#below(top))
        if (found.length <= PAGE && name > after && name.startsWith(prefix)) found.push(name);
    const refs: { name: string; versions: Versions["versions"] }[] = [];
    for (const name of found.slice(0, PAGE)) refs.push({ name, ...(await this.versions(name)) });
    const last = refs.at(-1);
    return found.length > PAGE && last !== undefined ? { refs, next: last.name } : { refs };
  }

  async versions(name: string): Promise<Versions> {
    if (offeredTop(name) === undefined) return { versions: [] };
    return { versions: runsOf(await this.#store.refVersions(name)) };
  }

  async version(name: string, version: number): Promise<Buffer | undefined> {
    return offeredTop(name) === undefined ? undefined : this.#store.readRef(name, version);
  }

  async #below(top: string): Promise<readonly string[]> {
    return this.#names.get(top, async () => {
      const own = (await this.#store.refVersions(top)).length > 0 ? [top] : [];
      return [...own, ...(await this.#store.listRefs(`${top}/`))];
    });
  }
}
