import { isPublicAddress, literalAddress } from "./addresses.ts";
import type { HostList } from "./hosts.ts";

/** Which addresses other hosts than the upstream's own may lead to. */
export interface Reach {
  /** Takes note of an address that the upstream itself was reached at. */
  note(address: string): void;
  allows(address: string): boolean;
}

/**
 * Public addresses, listed ones, and any where the upstream itself is not at a public one. That is settled by
 * its first connection (or by the address in its URL): what DNS says of it later changes nothing.
 */
export function reachOf(base: URL, hosts: HostList): Reach {
  const literal = literalAddress(base.hostname);
  let inside = literal === undefined ? undefined : !isPublicAddress(literal);
  return {
    note: (address) => {
      inside ??= !isPublicAddress(address);
    },
    allows: (address) => inside === true || isPublicAddress(address) || hosts.address(address),
  };
}
