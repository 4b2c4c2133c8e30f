import { sanitize } from "../base/errors.ts";
import type { Transport } from "./contract.ts";

/** What a file of a source is called in messages: its URL. */
export function fileName(source: Transport, from: string): string {
  return sanitize(/^[a-z][a-z0-9+.-]*:\/\//i.test(from) ? from : source.name + from);
}
