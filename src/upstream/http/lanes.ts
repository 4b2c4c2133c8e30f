import type { Client } from "undici";
import { onAbort } from "./aborts.ts";
import type { Exchange } from "./exchange.ts";
import type { Gates, Leave } from "./gates.ts";
import { createLane, type Asked, type Lane } from "./lane.ts";
import type { Pipelining } from "./pipelining.ts";

/** The connections to one origin, and those who wait for them. */
export interface Lanes {
  readonly pipelining: Pipelining;
  /** Waits for its turn, then sends. Rejects with the signal's reason while it waits. */
  send(asked: Asked, signal: AbortSignal): Promise<Exchange>;
  destroy(): Promise<void>;
}

export interface LanesOptions {
  /** Connections, at most. */
  readonly most: number;
  readonly makeClient: () => Client;
  readonly pipelining: Pipelining;
  /** A connection in use counts as one at the gate of that name. */
  readonly turns: Gates;
  readonly host: string;
}

interface Place {
  readonly lane: Lane;
  /** There while the connection counts among those to its host. */
  leave: Leave | undefined;
  /** Something went over it since it counts. */
  hasServed: boolean;
  isEntering: boolean;
}

interface Waiter {
  readonly asked: Asked;
  /** Its place in the row: as if each owner came with one request at a time. */
  readonly turn: number;
  readonly go: (exchange: Exchange) => void;
  /** Kept free for it, since it is too large to be sent ahead. */
  place?: Place | undefined;
}

/** A connection that rests comes before one on which a request would be sent ahead; of those, the one with the fewest. Owners take turns; of one, who comes first goes first. */
export function createLanes({ most, makeClient, pipelining, turns, host }: LanesOptions): Lanes {
  const places: Place[] = [];
  /** By turn. */
  const waiting: Waiter[] = [];
  const lastTurns = new WeakMap<object, number>();
  let turn = 0;
  let isOver = false;
  let isPumping = false;
  let isDue = false;

  function pump(): void {
    isDue = true;
    // A request that fails at once comes back here.
    if (isPumping) return;
    isPumping = true;
    while (isDue) {
      isDue = false;
      deal();
    }
    isPumping = false;
  }

  function deal(): void {
    for (const place of places) rest(place);
    if (waiting.length === 0) return;
    const kept = new Set(waiting.flatMap(({ place }) => place ?? []));
    let hasRoom = true;
    for (let at = 0; at < waiting.length;) {
      const waiter = waiting[at];
      if (waiter === undefined) break;
      if (waiter.place !== undefined) kept.delete(waiter.place);
      const place = hasRoom || waiter.place !== undefined ? choose(waiter.asked, kept) : undefined;
      if (place !== undefined) {
        waiting.splice(at, 1);
        turn = Math.max(turn, waiter.turn);
        waiter.go(send(place, waiter.asked));
      } else {
        at++;
        if (hasRoom) waiter.place ??= leastBusy(waiter.asked, kept);
        if (waiter.place !== undefined) kept.add(waiter.place);
      }
      hasRoom &&= hasAny(kept);
    }
  }

  /** False where no waiter could be sent now, whatever its size. */
  function hasAny(kept: ReadonlySet<Place>): boolean {
    if (places.length < most) return true;
    return places.some((place) => !kept.has(place) && (place.lane.inFlight === 0 || place.lane.hasRoom));
  }

  function choose(asked: Asked, kept: ReadonlySet<Place>): Place | undefined {
    const isCrowded = turns.isCrowded(host);
    let best: Place | undefined;
    for (let at = 0; at < Math.min(asked.connections, most); at++) {
      const place = (places[at] ??= newPlace());
      if (kept.has(place)) continue;
      if (place.leave === undefined && !enter(place)) return best;
      if (place.lane.inFlight === 0) return place;
      // Where others wait for the host, what is on its way comes to its end, and nothing is added.
      if (isCrowded || !place.lane.takes(asked)) continue;
      if (best === undefined || place.lane.inFlight < best.lane.inFlight) best = place;
    }
    return best;
  }

  /** The one that will soon be free for a request that only its size, or its wish to be alone, keeps waiting. */
  function leastBusy(asked: Asked, kept: ReadonlySet<Place>): Place | undefined {
    const open = places.slice(0, asked.connections).filter((place) => !kept.has(place) && place.lane.hasRoom);
    return open.toSorted((a, b) => a.lane.inFlight - b.lane.inFlight)[0];
  }

  function nextTurn(owner: object): number {
    const next = Math.max(turn, lastTurns.get(owner) ?? 0) + 1;
    lastTurns.set(owner, next);
    return next;
  }

  function newPlace(): Place {
    return {
      lane: createLane(makeClient(), pipelining, pump),
      leave: undefined,
      hasServed: false,
      isEntering: false,
    };
  }

  function send(place: Place, asked: Asked): Exchange {
    place.hasServed = true;
    return place.lane.send(asked);
  }

  function rest(place: Place): void {
    if (place.lane.inFlight > 0 || place.leave === undefined) return;
    if (waiting.length > 0 && !(place.hasServed && turns.isCrowded(host))) return;
    place.leave();
    place.leave = undefined;
    place.hasServed = false;
  }

  function enter(place: Place): boolean {
    if (place.isEntering) return false;
    place.leave = turns.tryEnter(host);
    if (place.leave !== undefined) return true;
    place.isEntering = true;
    void turns.enter(host).then((leave) => {
      place.isEntering = false;
      if (isOver) return leave();
      place.leave = leave;
      pump();
    });
    return false;
  }

  return {
    pipelining,
    async send(asked, signal) {
      signal.throwIfAborted();
      const place = waiting.length === 0 ? choose(asked, new Set()) : undefined;
      if (place !== undefined) return send(place, asked);
      const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
      const waiter = { asked, go: resolve, turn: nextTurn(asked.owner) };
      waiting.splice(waiting.findLastIndex((other) => other.turn <= waiter.turn) + 1, 0, waiter);
      const forget = onAbort(signal, (reason) => {
        const at = waiting.indexOf(waiter);
        if (at >= 0) waiting.splice(at, 1);
        reject(reason);
        pump();
      });
      pump();
      return await promise.finally(forget);
    },
    async destroy() {
      isOver = true;
      await Promise.all(places.map(async ({ lane }) => await lane.destroy()));
      for (const place of places) {
        place.leave?.();
        place.leave = undefined;
      }
    },
  };
}
