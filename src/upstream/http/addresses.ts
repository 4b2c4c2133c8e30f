import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Azure's platform service: reachable from every guest there, yet in a public range. */
const PLATFORM = "168.63.129.16";

/** fec0::/10 (site-local, RFC 3879) and ::/96 (IPv4-compatible, RFC 4291): withdrawn, but a router may still know them. */
const WITHDRAWN = [ipaddr.IPv6.parseCIDR("fec0::/10"), ipaddr.IPv6.parseCIDR("::/96")] as const;

/**
 * True for an address that belongs to the internet at large; false for loopback, private, link-local, carrier-grade NAT, unique-local,
 * multicast, reserved and documentation ranges, cloud metadata services, and IPv4-mapped or NAT64 forms of these.
 */
export function isPublicAddress(address: string): boolean {
  const plain = bareAddress(address);
  if (isIP(plain) === 0) return false;
  const parsed = ipaddr.process(plain);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast" && parsed.toString() !== PLATFORM;
  const range = parsed.range();
  if (range === "rfc6052") return isPublicAddress(parsed.toByteArray().slice(12).join("."));
  return range === "unicast" && !WITHDRAWN.some(([network, bits]) => parsed.match(network, bits));
}

/** The address that a URL's host name is without asking DNS (`localhost` is one by RFC 6761), or undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const host = bareAddress(hostname).replace(/\.$/, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost")) return "127.0.0.1";
  return isIP(host) === 0 ? undefined : host;
}

function bareAddress(host: string): string {
  return host.replace(/^\[(.*)\]$/s, "$1").replace(/%.*$/s, "");
}
