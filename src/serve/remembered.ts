import type { Exchange } from "./exchange.ts";
import type { ServedFile } from "./file-head.ts";
import type { Place } from "./places.ts";
import { TwoGenerations } from "./two-generations.ts";
import type { View } from "./view.ts";

/** Requests kept, some hundred bytes each, and how long their targets may be. */
const REQUESTS = 4096;
const MAX_TARGET = 512;

interface Remembered {
  readonly place: Place;
  readonly name: string;
  readonly file: ServedFile;
}

/** Which file a request came to, for as long as its place is what it was: nothing need be looked up again. */
export class RememberedFiles {
  readonly #view: View;
  readonly #held = new TwoGenerations<Remembered>(REQUESTS);

  constructor(view: View) {
    this.#view = view;
  }

  /** The file that this very target came to, noted in the exchange. */
  find(exchange: Exchange): ServedFile | undefined {
    const found = this.#held.get(exchange.request.url ?? "");
    if (found === undefined) return undefined;
    const { place, name, file } = found;
    if (this.#view.placeNow(place.mirror, name) !== place) return undefined;
    return noted(exchange, name, place, file);
  }

  /** Notes the file in the exchange, and keeps it; but not one that only has grace, which ends by itself. */
  keep(exchange: Exchange, name: string, place: Place, file: ServedFile): ServedFile {
    const target = exchange.request.url ?? "";
    if (target.length <= MAX_TARGET && file.snapshot === place.snapshot)
      this.#held.set(target, { place, name, file });
    return noted(exchange, name, place, file);
  }
}

function noted(exchange: Exchange, name: string, place: Place, file: ServedFile): ServedFile {
  exchange.mirror = place.mirror;
  exchange.at = name;
  exchange.kind = file.entry.kind;
  return file;
}
