/** What came of a bundle: it brought something; there is nothing more to be had from it; it may have to wait for another one. */
export type Outcome = "imported" | "done" | "failed";

/** What a watch has tried, and in which state it was then: what is the same as before is not tried again. */
export class Attempts {
  readonly #done = new Map<string, string>();
  readonly #failed = new Map<string, string>();

  isDue(folder: string, state: string): boolean {
    return this.#done.get(folder) !== state && this.#failed.get(folder) !== state;
  }

  note(folder: string, state: string, outcome: Outcome): void {
    // What failed may have waited for this one.
    if (outcome === "imported") this.#failed.clear();
    (outcome === "failed" ? this.#failed : this.#done).set(folder, state);
  }
}
