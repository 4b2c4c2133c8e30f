import { SluiceError } from "../base/errors.ts";
import type { Transport } from "./contract.ts";
import { fileTransport } from "./file.ts";
import type { HttpOptions } from "./http/options.ts";
import { httpTransport } from "./http/transport.ts";

/**
 * The transport for an upstream's URL: http, https or file. The options are those of http; a file URL needs
 * none. Throws `config_invalid`.
 */
export function openTransport(url: string, options: Omit<HttpOptions, "url"> = {}): Transport {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return httpTransport({ ...options, url });
  if (scheme === "file") return fileTransport({ url });
  throw new SluiceError(
    "config_invalid",
    `'${url}' is not an upstream that Sluice can read: use http://, https:// or file://.`,
  );
}
