import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, type Clock } from "../base/clock.ts";
import type { ReadStore } from "../store/contract.ts";
import { limitConnections } from "./admission.ts";
import { gracefulClose } from "./close.ts";
import { beginExchange, noteFault, type Exchange } from "./exchange.ts";
import { Files } from "./files.ts";
import { answer, type Site } from "./handler.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { listen, urlOf } from "./listen.ts";
import { accessLine, type AccessLine } from "./log.ts";
import { Tally } from "./metrics.ts";
import { RememberedFiles } from "./remembered.ts";
import { sendStatus } from "./send.ts";
import { setupAnswers } from "./setup.ts";
import { storeAnswers } from "./store-answers.ts";
import { answerSystem } from "./system.ts";
import { alone, type Team } from "./team.ts";
import { View } from "./view.ts";

export interface ServeOptions {
  /** Stays open when the server is closed: it belongs to the caller. */
  readonly store: ReadStore;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** How long a channel goes on serving the files that it has left. */
  readonly graceMs: number;
  /** Base URL under which clients reach the site, where it is configured: for the set-ups that are served. */
  readonly url?: string | undefined;
  readonly clock?: Clock;
  /** Called once for each request, when it is over. */
  readonly log?: (line: AccessLine) => void;
  /** SHA-256 (hex) of tokens, of which other sites must bring one to read the store; without any it is open. */
  readonly readTokens?: readonly string[];
  /** How old, in milliseconds, an answer of the store about refs may be; 250 by default. */
  readonly freshMs?: number;
  readonly limits?: Partial<Limits>;
  /** The part of the memory for caches that this server may take; 1 by default. */
  readonly memoryShare?: number;
  /** The processes that this one is one of; by default it is alone. */
  readonly team?: Team;
}

export interface RunningServer {
  /** With the real port, without a final slash: `http://[::1]:8080`. */
  readonly url: string;
  /** Stops accepting; requests that are being answered have ten seconds to end. */
  close(): Promise<void>;
}

export interface LoneServer extends RunningServer {
  readonly tally: Tally;
  /** Throws where the store cannot be read. */
  check(): Promise<void>;
}

/** Memory of the caches, and of answers on their way, of all workers together. */
const MANIFEST_BYTES = 512 * 2 ** 20;
const SMALL_BYTES = 64 * 2 ** 20;
const CHUNK_BYTES = 32 * 2 ** 20;
const MAX_HEADER = 16 * 1024;

/** Serves the store's snapshots over HTTP, read-only. Throws address_in_use, or address_unusable. */
export async function startServer(options: ServeOptions): Promise<LoneServer> {
  const {
    store,
    graceMs,
    clock = systemClock,
    log,
    freshMs = 250,
    memoryShare = 1,
    team = alone(),
  } = options;
  const limits = { ...LIMITS, ...options.limits };
  const view = new View(store, { graceMs, clock, freshMs, manifestBytes: MANIFEST_BYTES * memoryShare });
  const tally = new Tally();
  const answerSetup = setupAnswers({ store, view, url: options.url, clock });
  const files = new Files(store, {
    smallBytes: SMALL_BYTES * memoryShare,
    chunkBytes: CHUNK_BYTES * memoryShare,
    patienceMs: limits.patienceMs,
  });
  const answerStore = storeAnswers({
    store,
    files,
    readTokens: options.readTokens ?? [],
    freshMs: freshMs * 20,
  });
  const site: Site = {
    view,
    files,
    remembered: new RememberedFiles(view),
    system: async (exchange, target) =>
      (await answerSystem(exchange, target, { view, clock, tally, team })) ||
      (await answerSetup(exchange, target)) ||
      (await answerStore(exchange, target)),
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const time = clock();
    const started = performance.now();
    tally.inFlight++;
    const exchange = beginExchange(request, response, (over) => {
      tally.inFlight--;
      count(tally, over);
      log?.(accessLine(over, time, performance.now() - started));
    });
    if (!server.listening) response.shouldKeepAlive = false;
    respond(site, exchange);
  };
  const server = createServer(timesOf(limits), serve);
  server.on("checkContinue", serve);
  server.setTimeout(limits.stallMs);
  limitConnections(server, limits, tally);
  const closeServer = gracefulClose(server);
  await listen(server, options.listen);
  const stopKeeping = keepUp(site, freshMs);
  return {
    url: urlOf(options.listen.host, (server.address() as AddressInfo).port),
    tally,
    check: async () => void (await view.pointers()),
    async close() {
      stopKeeping();
      await closeServer();
    },
  };
}

function timesOf(limits: Limits): ServerOptions {
  return {
    maxHeaderSize: MAX_HEADER,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.headersMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
  };
}

// A channel that moves has its new manifest in memory, as a rule, before a client asks. Faults are for requests to tell.
function keepUp({ view, files }: Site, freshMs: number): () => void {
  let running = false;
  const timer = setInterval(
    () => {
      if (running) return;
      running = true;
      void Promise.allSettled([files.forgetBad(), view.warm()]).then(() => (running = false));
    },
    Math.max(freshMs, 1000),
  );
  timer.unref();
  return () => clearInterval(timer);
}

function respond(site: Site, exchange: Exchange): void {
  try {
    answer(site, exchange)?.catch((thrown: unknown) => fail(exchange, thrown));
  } catch (thrown) {
    fail(exchange, thrown);
  }
}

function fail(exchange: Exchange, thrown: unknown): void {
  noteFault(exchange, thrown);
  const { response } = exchange;
  if (response.headersSent) response.destroy();
  else sendStatus(exchange, 503, { "Retry-After": "30" });
}

function count(tally: Tally, exchange: Exchange): void {
  const { mirror, kind, fault, response } = exchange;
  tally.add("requests", [mirror, kind, String(response.statusCode)]);
  tally.add("bytes", [mirror, kind], exchange.bytes);
  if (fault !== undefined) tally.add("unavailable", [mirror, fault.code]);
  if (!response.writableFinished) tally.add("incomplete", [mirror]);
}
