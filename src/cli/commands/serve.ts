import { once } from "node:events";
import { SluiceError } from "../../base/errors.ts";
import { parseListen } from "../../config/listen.ts";
import { combinedLine } from "../../serve/log.ts";
import { startServer } from "../../serve/server.ts";
import { readConfig, type Context } from "../context.ts";
import { withReader } from "../site.ts";

/** `sluice serve [--listen HOST:PORT]`: until Ctrl-C or SIGTERM. */
export async function serve(context: Context, options: { listen?: string }): Promise<void> {
  const config = await readConfig(context);
  const listen = options.listen === undefined ? config.listen : parseListen(options.listen);
  if (listen === undefined) {
    throw new SluiceError("usage", `--listen takes HOST:PORT or [ADDRESS]:PORT, not '${options.listen}'.`);
  }
  const { output, options: global, signal } = context;
  await withReader(config, async (store) => {
    const server = await startServer({
      store,
      listen,
      graceMs: config.graceMs,
      url: config.url,
      log: (line) => {
        output.json({ event: "request", ...line });
        if (!global.quiet) output.line(combinedLine(line));
      },
    });
    output.json({ event: "listening", url: server.url });
    output.line(`Serving ${config.data} on ${server.url}`);
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
  });
}
