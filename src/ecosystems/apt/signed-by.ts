import { words } from "./host-sources.ts";

/** What Signed-By says (sources.list(5)): key files and fingerprints of keys in them, side by side, or the key itself. */
export type SignedBy =
  | { readonly files: readonly string[]; readonly fingerprints: readonly string[] }
  | { readonly key: string };

/** Reads the value of Signed-By; a key that stands in it loses the dots that deb822 has for empty lines. */
export function readSignedBy(value: string): SignedBy {
  if (value.includes("-----BEGIN")) {
    const lines = value.split("\n").map((line) => line.trim());
    return {
      key: `${lines
        .map((line) => (line === "." ? "" : line))
        .join("\n")
        .trim()}\n`,
    };
  }
  const parts = words(value.replaceAll(",", " "));
  const isFingerprint = (part: string): boolean => /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})!?$/.test(part);
  return {
    files: parts.filter((part) => !isFingerprint(part)),
    fingerprints: parts.filter(isFingerprint),
  };
}
