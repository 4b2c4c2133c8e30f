/** What a world is made of: enough files that a fault has places to strike, few enough that a hundred runs are quick. */
export interface WorldSize {
  /** Packages in each state; half of them are the same in both. */
  readonly packages: number;
  readonly bytesEach: number;
}

export type Age = "old" | "new";

/** An ecosystem as the fault tests see it: one upstream in two complete states, and what its real client says of a copy. */
export interface World extends AsyncDisposable {
  readonly ecosystem: string;
  /** The folder of each state, to be served. Of the packages, half are in both states. Where the ecosystem has such a thing, both expire within two years. */
  readonly states: Readonly<Record<Age, string>>;
  /** Makes so many further states, each newer than the one before it, the first newer than `new`; their folders. */
  later(count: number): Promise<readonly string[]>;
  /** A path of each state that only this state has, and that is a package. */
  readonly ownPackage: Readonly<Record<Age, string>>;
  /** The config of a mirror of it, served at `url`. */
  mirror(url: string, more?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The real client installs from a copy at this base (http or file), without a warning: which state it got. */
  client(base: string): Promise<Age>;
}

/** One row of what the harness runs through; later ecosystems add one each. */
export interface WorldKind {
  readonly ecosystem: string;
  /** Why it cannot be opened here, or false. */
  readonly skip: string | false;
  open(size: WorldSize): Promise<World>;
}
