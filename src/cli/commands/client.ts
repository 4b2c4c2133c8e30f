import { hostname } from "node:os";
import { SluiceError } from "../../base/errors.ts";
import { checkMirrorName } from "../../base/names.ts";
import { LATEST } from "../../channel/channels.ts";
import { clientSetup } from "../../channel/client.ts";
import { checkUrl, checkWishes } from "../../channel/wishes.ts";
import { parseDuration } from "../../config/duration.ts";
import type { Config } from "../../config/types.ts";
import { ecosystemById } from "../../ecosystems/index.ts";
import { readConfig, type Context } from "../context.ts";
import { checkKnown, withReader } from "../site.ts";

export interface ClientOptions {
  readonly channel?: string;
  readonly url?: string;
  readonly format?: string;
  readonly validFor?: string;
  readonly fallback?: readonly string[];
  readonly snapshot?: string;
  readonly exclude?: boolean;
}

/** `sluice client MIRROR`: what a client host needs, ready to paste or to pipe into sh. */
export async function client(context: Context, mirror: string, options: ClientOptions): Promise<void> {
  const config = await readConfig(context);
  checkMirrorName(mirror);
  const base = checkUrl(options.url ?? config.url ?? listenUrl(config), "site's");
  const asked = options.channel ?? LATEST;
  const { validFor, fallback, snapshot, exclude } = options;
  const wishes = checkWishes({ validForMs: validForMs(validFor), fallback, snapshot, exclude });
  const { channel, ...setup } = await withReader(context, config, async (store) => {
    await checkKnown(config, store, mirror);
    return clientSetup(store, ecosystemById, { mirror, channel: asked, base, wishes, now: Date.now() });
  });
  context.output.json({ mirror, channel, url: `${base}/${mirror}/${channel}`, ...setup });
  if (channel !== asked)
    context.output.note(
      `There is no snapshot ${asked} of ${mirror}: this is for the newest before it, ${channel}.`,
    );
  const file =
    options.format === undefined ? setup.files[0] : setup.files.find((one) => one.format === options.format);
  if (file === undefined) {
    const known = setup.files.map((one) => one.format).join(", ");
    throw new SluiceError(
      "usage",
      `There is no format '${options.format ?? ""}' for ${mirror}: choose one of ${known}.`,
    );
  }
  context.output.line(file.content.replace(/\n$/, ""));
  for (const note of [...setup.notes, ...(file.note === undefined ? [] : [file.note])])
    context.output.note(note);
}

function validForMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const found = parseDuration(text);
  if (found === undefined)
    throw new SluiceError("usage", `--valid-for takes a time such as 90d, not '${text}'.`);
  return found;
}

// Clients elsewhere cannot reach a wildcard address by that name.
function listenUrl({ listen: { host, port } }: Config): string {
  const name = host === "0.0.0.0" || host === "::" ? hostname() : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
