import { SluiceError } from "../base/errors.ts";
import { isSnapshotId } from "../base/names.ts";
import type { ClientWishes } from "../ecosystems/contract.ts";

const CENTURY_MS = 100 * 365 * 86_400_000;
// What stands in URLs, and means nothing to a shell between single quotes, nor to a file of one line an entry.
const PLAIN = /^[A-Za-z0-9._~:/[\]%@!$&()*+,;=-]{1,500}$/;

/** Wishes as they were typed, or came with a request. */
export interface TypedWishes {
  readonly validForMs?: number | undefined;
  readonly fallback?: readonly string[] | undefined;
  readonly snapshot?: string | undefined;
  readonly exclude?: boolean | undefined;
}

/** Throws `usage`, naming what cannot be. */
export function checkWishes(typed: TypedWishes): ClientWishes {
  const { validForMs, fallback = [], snapshot, exclude = false } = typed;
  if (validForMs !== undefined && !(validForMs > 0 && validForMs <= CENTURY_MS))
    throw new SluiceError(
      "usage",
      "The metadata can be valid for a time such as 90d, a hundred years at most.",
    );
  if (snapshot !== undefined && !isSnapshotId(snapshot))
    throw new SluiceError("usage", `'${snapshot}' is not a time in the form of an id: 20261121T040000Z.`);
  if (snapshot !== undefined && fallback.length > 0)
    throw new SluiceError(
      "usage",
      "A host that stays at a snapshot cannot fall back to a repository that moves on.",
    );
  if (exclude && fallback.length > 0)
    throw new SluiceError(
      "usage",
      "With a fallback nothing is left out, so that there is nothing to exclude: leave one of the two out.",
    );
  return { validForMs, fallback: fallback.map((url) => checkUrl(url, "fallback")), snapshot, exclude };
}

/** A base URL for clients, without a final slash: http, https or file, no credentials, no query. Throws `usage`; `what` names it. */
export function checkUrl(text: string, what: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const sound =
    url !== undefined &&
    ["http:", "https:", "file:"].includes(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === "" &&
    (url.protocol === "file:" || url.hostname !== "") &&
    PLAIN.test(text);
  if (sound) return text.replace(/\/+$/, "");
  throw new SluiceError(
    "usage",
    `The ${what} URL cannot be used: give http://, https:// or file:// with host and path, without user, query and odd characters.`,
  );
}
