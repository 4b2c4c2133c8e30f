import { VERSION } from "../base/version.ts";

/** How Sluice names itself to upstreams: `Sluice/1.2.3`, with `(+CONTACT)` where the operator gave a URL or mail address. */
export function userAgent(contact: string | undefined): string {
  const name = `Sluice/${VERSION}`;
  return contact === undefined ? name : `${name} (+${contact})`;
}
