import { createHash, timingSafeEqual } from "node:crypto";

/** Whether an Authorization header brings one of the tokens, of which the SHA-256 are known; any does where there are none. Takes as long for each. */
export function mayRead(tokens: readonly string[], authorization: string | undefined): boolean {
  if (tokens.length === 0) return true;
  const token = /^bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization?.trim() ?? "")?.[1];
  if (token === undefined) return false;
  const given = createHash("sha256").update(token).digest();
  let found = false;
  for (const known of tokens) found = timingSafeEqual(given, Buffer.from(known, "hex")) || found;
  return found;
}
