import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, type Clock } from "../base/clock.ts";
import type { ReadStore } from "../store/contract.ts";
import { gracefulClose } from "./close.ts";
import { beginExchange, noteFault, type Exchange } from "./exchange.ts";
import { Files } from "./files.ts";
import { answer, type Site } from "./handler.ts";
import { listen } from "./listen.ts";
import { accessLine, type AccessLine } from "./log.ts";
import { serverMetrics, type ServerMetrics } from "./metrics.ts";
import { sendStatus } from "./send.ts";
import { setupAnswers } from "./setup.ts";
import { answerSystem, snapshotAges } from "./system.ts";
import { View } from "./view.ts";

export interface ServeOptions {
  /** Stays open when the server is closed: it belongs to the caller. */
  readonly store: ReadStore;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** How long a channel goes on serving the files that it has left. */
  readonly graceMs: number;
  /** The site's URL for clients, without a final slash; where absent, set-ups name the host that they were asked by. */
  readonly url?: string | undefined;
  readonly clock?: Clock;
  /** Called once for each request, when it is over. */
  readonly log?: (line: AccessLine) => void;
  /** How old, in milliseconds, an answer of the store about refs may be; 250 by default. */
  readonly freshMs?: number;
  /** The part of the memory for caches that this server may take; 1 by default. */
  readonly memoryShare?: number;
}

/** Memory of the caches, of all workers together. */
const MANIFEST_BYTES = 512 * 2 ** 20;
const SMALL_BYTES = 64 * 2 ** 20;

export interface RunningServer {
  /** With the real port, without a final slash: `http://[::1]:8080`. */
  readonly url: string;
  /** Stops accepting; requests that are being answered have ten seconds to end. */
  close(): Promise<void>;
}

/** How long a client may take for 128 KiB. */
const PATIENCE_MS = 300_000;

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 30_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};

/** Serves the store's snapshots over HTTP, read-only. Throws address_in_use, or address_unusable. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { store, graceMs, clock = systemClock, log, freshMs = 250, memoryShare = 1 } = options;
  const manifestBytes = MANIFEST_BYTES * memoryShare;
  const view = new View(store, { graceMs, clock, freshMs, manifestBytes });
  const metrics = serverMetrics(() => snapshotAges(view, clock));
  const answerSetup = setupAnswers({ store, view, url: options.url, clock });
  const site: Site = {
    view,
    files: new Files(store, { smallBytes: SMALL_BYTES * memoryShare, patienceMs: PATIENCE_MS }),
    system: async (exchange, target) =>
      (await answerSystem(exchange, target, view, metrics)) || (await answerSetup(exchange, target)),
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const time = clock();
    const started = performance.now();
    metrics.inFlight.inc();
    const exchange = beginExchange(request, response, (over) => {
      metrics.inFlight.dec();
      count(metrics, over);
      log?.(accessLine(over, time, performance.now() - started));
    });
    if (!server.listening) response.shouldKeepAlive = false;
    void respond(site, exchange);
  };
  const server = createServer(LIMITS, serve);
  server.on("checkContinue", serve);
  // A client that takes nothing for a minute is gone.
  server.setTimeout(60_000);
  const closeServer = gracefulClose(server);
  await listen(server, options.listen);
  const stopWarming = keepWarm(view, freshMs);
  const close = async (): Promise<void> => {
    stopWarming();
    await closeServer();
  };
  return { url: urlOf(server, options.listen.host), close };
}

// A channel that moves has its new manifest in memory, as a rule, before a client asks. Faults are for requests to tell.
function keepWarm(view: View, freshMs: number): () => void {
  let running = false;
  const timer = setInterval(
    () => {
      if (running) return;
      running = true;
      view
        .warm()
        .catch(() => undefined)
        .finally(() => (running = false));
    },
    Math.max(freshMs, 1000),
  );
  timer.unref();
  return () => clearInterval(timer);
}

async function respond(site: Site, exchange: Exchange): Promise<void> {
  try {
    await answer(site, exchange);
  } catch (thrown) {
    noteFault(exchange, thrown);
    const { response } = exchange;
    if (response.headersSent) response.destroy();
    else sendStatus(exchange, 503, { "Retry-After": "30" });
  }
}

function count(metrics: ServerMetrics, exchange: Exchange): void {
  const { mirror, kind, fault, response } = exchange;
  metrics.requests.inc({ mirror, kind, status: response.statusCode });
  metrics.bytes.inc({ mirror, kind }, exchange.bytes);
  if (fault !== undefined) metrics.unavailable.inc({ mirror, cause: fault.code });
  if (!response.writableFinished) metrics.incomplete.inc({ mirror });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
