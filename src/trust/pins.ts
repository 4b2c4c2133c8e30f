import { SluiceError } from "../base/errors.ts";

/**
 * A fingerprint that a mirror is pinned to; `exact`: subkeys of it are not meant (a trailing `!`, as in apt's
 * Signed-By).
 */
export interface Pin {
  readonly fingerprint: string;
  readonly exact: boolean;
}

/** Fingerprints in hex, with or without spaces; throws `keyring_empty` for one that cannot match any key. */
export function parsePins(pinned: readonly string[]): Pin[] {
  return pinned.map((text) => {
    const match = /^(?:0X)?([0-9A-F]{40}|[0-9A-F]{64})(!?)$/.exec(text.replaceAll(/\s/g, "").toUpperCase());
    if (match === null)
      throw new SluiceError(
        "keyring_empty",
        `'${text}' in signed-by is not a fingerprint of 40 or 64 hex digits: no key can match it.`,
      );
    return { fingerprint: match[1] ?? "", exact: match[2] === "!" };
  });
}

/**
 * True where a signature by `key`, a primary key or a subkey of it, is among those that the pins name; no
 * pins name all.
 */
export function isPinned(pins: readonly Pin[], primary: string, key: string): boolean {
  return (
    pins.length === 0 ||
    pins.some((pin) => pin.fingerprint === key || (pin.fingerprint === primary && !pin.exact))
  );
}
