import { once } from "node:events";
import { asSluiceError, SluiceError } from "../../base/errors.ts";
import { MAX_WORKERS } from "../../config/fields.ts";
import { parseListen } from "../../config/listen.ts";
import { loadReadTokens } from "../../config/secrets.ts";
import type { Config } from "../../config/types.ts";
import { logBatch } from "../../serve/log-batch.ts";
import type { Scrubber } from "../../serve/scrubber.ts";
import type { RunningServer } from "../../serve/server.ts";
import type { SharedSettings, WorkersServer } from "../../serve/workers.ts";
import { readConfig, type Context } from "../context.ts";
import { makeStore, withReader } from "../site.ts";

export interface ServeOptions {
  readonly listen?: string;
  readonly workers?: string;
}

/** `sluice serve [--listen HOST:PORT] [--workers N]`: until Ctrl-C or SIGTERM. */
export async function serve(context: Context, options: ServeOptions): Promise<void> {
  const config = await readConfig(context);
  const listen = options.listen === undefined ? config.listen : parseListen(options.listen);
  if (listen === undefined) {
    throw new SluiceError("usage", `--listen takes HOST:PORT or [ADDRESS]:PORT, not '${options.listen}'.`);
  }
  const workers = options.workers === undefined ? config.workers : parseWorkers(options.workers);
  await makeStore(config);
  await (workers === 1 ? serveAlone(context, config, listen) : serveByMany(context, config, listen, workers));
}

type Listen = Config["listen"];

async function serveAlone(context: Context, config: Config, listen: Listen): Promise<void> {
  const { startServer } = await import("../../serve/server.ts");
  const { alone } = await import("../../serve/team.ts");
  const { format, ...settings } = await settingsOf(context, config);
  await withReader(context, config, async (store) => {
    const batch = logBatch(format, (text) => void context.io.out.write(text));
    const scrubber = await scrubberOf(context, config);
    try {
      const team = alone(scrubber.totals);
      const server = await startServer({ ...settings, store, listen, log: batch.add, team });
      await untilStopped(context, config, server);
    } finally {
      await scrubber.close();
    }
    batch.flush();
  });
}

async function serveByMany(context: Context, config: Config, listen: Listen, count: number): Promise<void> {
  const { startWorkers } = await import("../../serve/workers.ts");
  const scrubber = await scrubberOf(context, config);
  try {
    const server = await startWorkers({
      ...(await settingsOf(context, config)),
      count,
      listen,
      log: (text) => void context.io.out.write(text),
      note: (sentence) => context.output.warn(sentence),
      scrub: scrubber.totals,
    });
    await untilStoppedOrReloaded(context, config, server, scrubber);
  } finally {
    await scrubber.close();
  }
}

async function scrubberOf({ output }: Context, config: Config): Promise<Scrubber> {
  const { startScrubber } = await import("../../serve/scrubber.ts");
  return startScrubber({
    data: config.data,
    scrubbing: config.scrub,
    found: ({ code, message }) => output.error(new SluiceError(code, message)),
    trouble: (sentence) => output.warn(sentence),
    note: (sentence) => output.note(sentence),
  });
}

async function untilStoppedOrReloaded(
  context: Context,
  config: Config,
  server: WorkersServer,
  scrubber: Scrubber,
): Promise<void> {
  const onHangup = (): void => void reload();
  let reloading: Promise<void> | undefined;
  const reload = async (): Promise<void> => {
    reloading ??= readConfig(context)
      .then(async (fresh) => {
        await scrubber.reload(fresh.scrub);
        await server.reload(await settingsOf(context, fresh));
      })
      .then(() => context.output.note("The workers are replaced, by the config as it is now."))
      .catch((thrown: unknown) =>
        context.output.warn(`The workers stay as they are: ${asSluiceError(thrown).message}`),
      )
      .finally(() => (reloading = undefined));
    await reloading;
  };
  // Where a terminal goes away the server goes with it, as any command does.
  if (context.io.input.isTTY !== true) process.on("SIGHUP", onHangup);
  try {
    await untilStopped(context, config, server);
  } finally {
    process.off("SIGHUP", onHangup);
  }
}

async function untilStopped(
  { output, signal }: Context,
  config: Config,
  server: RunningServer,
): Promise<void> {
  output.json({ event: "listening", url: server.url });
  output.line(`Serving ${config.data} on ${server.url}`);
  if (!signal.aborted) await once(signal, "abort");
  await server.close();
}

async function settingsOf(context: Context, config: Config): Promise<SharedSettings> {
  const { json, quiet } = context.options;
  const format = json ? "json" : quiet ? "none" : "combined";
  const limits = { perClient: config.connectionsPerClient };
  const { data, graceMs, url } = config;
  const readTokens = await loadReadTokens(config.readTokens, context.io.env);
  return { data, graceMs, url, readTokens, format, limits };
}

function parseWorkers(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_WORKERS) return count;
  throw new SluiceError("usage", `--workers takes a number from 1 to ${MAX_WORKERS}, not '${text}'.`);
}
