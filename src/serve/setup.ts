import { isIPv6 } from "node:net";
import type { Clock } from "../base/clock.ts";
import { asSluiceError, SluiceError, type ErrorCode } from "../base/errors.ts";
import { setupOf, type Keep } from "../channel/client.ts";
import { checkUrl, checkWishes } from "../channel/wishes.ts";
import { parseDuration } from "../config/duration.ts";
import { ecosystemById } from "../ecosystems/index.ts";
import type { ClientFile, ClientWishes } from "../ecosystems/contract.ts";
import type { ReadStore } from "../store/contract.ts";
import { WeightedCache } from "./cache.ts";
import type { Exchange } from "./exchange.ts";
import { sendBytes } from "./send.ts";
import type { Target } from "./target.ts";
import type { View } from "./view.ts";

/** Snapshots of which is remembered what clients must know; small for each. */
const SNAPSHOTS = 64;
const PLAIN = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };

/** What of a request can be wrong, and how it is answered. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  unknown_channel: 404,
  unknown_snapshot: 404,
};

export interface SetupOptions {
  readonly store: ReadStore;
  readonly view: View;
  /** The site's URL as the config has it; without it, that of the request. */
  readonly url: string | undefined;
  readonly clock: Clock;
}

/**
 * Answers `/_/setup/<mirror>/<channel or id>`, the script that sets a client host up, and each file of that by its format below it; `sources` is the first. False
 * for any other name.
 */
export function setupAnswers(
  options: SetupOptions,
): (exchange: Exchange, target: Target) => Promise<boolean> {
  const known = new WeightedCache<unknown>(SNAPSHOTS, () => 1);
  const keep: Keep = async <T>(key: string, find: () => Promise<T>) => (await known.get(key, find)) as T;
  return async (exchange, target) => {
    const [, what, mirror, channel, format = "script", more] = target.segments;
    if (what !== "setup" || mirror === undefined || channel === undefined || more !== undefined) return false;
    try {
      const file = await setupFile(options, keep, exchange, { mirror, channel, format, query: target.query });
      exchange.mirror = mirror;
      exchange.at = channel;
      sendBytes(exchange, 200, PLAIN, Buffer.from(file.content));
    } catch (thrown) {
      const status = thrown instanceof SluiceError ? STATUS[thrown.code] : undefined;
      if (status === undefined) throw thrown;
      sendBytes(exchange, status, PLAIN, Buffer.from(`${asSluiceError(thrown).message}\n`));
    }
    return true;
  };
}

interface Asked {
  readonly mirror: string;
  readonly channel: string;
  readonly format: string;
  readonly query: string;
}

async function setupFile(
  { store, view, url, clock }: SetupOptions,
  keep: Keep,
  exchange: Exchange,
  { mirror, channel, format, query }: Asked,
): Promise<ClientFile> {
  const place = await view.place(mirror, channel);
  if (place === undefined)
    throw new SluiceError("unknown_channel", `There is no mirror '${mirror}' with a channel '${channel}'.`);
  const wishes = wishesOf(query);
  const at = wishes.snapshot === undefined ? place : await view.place(mirror, wishes.snapshot);
  if (at === undefined)
    throw new SluiceError(
      "unknown_snapshot",
      `'${mirror}' has no snapshot that is as old as ${wishes.snapshot}.`,
    );
  const base = checkUrl(url ?? `http://${checkHost(exchange.request.headers.host)}`, "site's");
  const request = { mirror, channel, base, wishes, now: clock() };
  const { files } = await setupOf(store, ecosystemById, at.snapshot, request, keep);
  const file = format === "sources" ? files[0] : files.find((one) => one.format === format);
  if (file !== undefined) return file;
  const formats = files.map((one) => one.format).join(", ");
  throw new SluiceError("unknown_snapshot", `There is no format '${format}' here, but ${formats}.`);
}

const NAMES = ["valid-for", "fallback", "snapshot", "exclude"];

/** What the query asks for, by the names of the options of `sluice client`. Throws `usage`. */
export function wishesOf(query: string): ClientWishes {
  const given = new URLSearchParams(query);
  const odd = [...given.keys()].find((name) => !NAMES.includes(name));
  if (odd !== undefined)
    throw new SluiceError(
      "usage",
      `A set-up can be asked for ${NAMES.join(", ")}, not '${odd.slice(0, 40)}'.`,
    );
  const time = given.get("valid-for");
  const validForMs = time === null ? undefined : parseDuration(time);
  if (time !== null && validForMs === undefined)
    throw new SluiceError("usage", "valid-for takes a time such as 90d.");
  return checkWishes({
    validForMs,
    fallback: given.getAll("fallback"),
    snapshot: given.get("snapshot") ?? undefined,
    exclude: given.has("exclude"),
  });
}

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[([0-9A-Fa-f:.]{2,45})\\])(?::\\d{1,5})?$`);

/** The request's Host, if it is a name or an address and a port (RFC 1123, RFC 3986) and nothing else: it ends in files that root writes. Throws `usage`. */
export function checkHost(host: string | undefined): string {
  const match = host !== undefined && host.length <= 260 ? HOST.exec(host) : null;
  if (host === undefined || match === null || (match[1] !== undefined && !isIPv6(match[1])))
    throw new SluiceError("usage", "The Host of the request is not a name or an address.");
  return host;
}
