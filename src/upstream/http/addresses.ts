import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Azure's platform service: reachable from every guest there, yet in a public range. */
const PLATFORM = "168.63.129.16";

/**
 * The well-known NAT64 prefix (RFC 6052); in a local one (64:ff9b:1::/48) nobody else can tell where the IPv4
 * address is.
 */
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/**
 * True for an address that belongs to the internet at large; false for loopback, private, link-local,
 * carrier-grade NAT, unique-local, multicast, reserved and documentation ranges, cloud metadata services, and
 * IPv4-mapped or NAT64 forms of these.
 */
export function isPublicAddress(address: string): boolean {
  const plain = bareAddress(address);
  if (isIP(plain) === 0) return false;
  const parsed = ipaddr.process(plain);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast" && parsed.toString() !== PLATFORM;
  if (parsed.match(NAT64)) return isPublicAddress(parsed.toByteArray().slice(12).join("."));
  return parsed.range() === "unicast";
}

/**
 * The address that a URL's host name is without asking DNS (`localhost` is one by RFC 6761), or undefined for
 * a name.
 */
export function literalAddress(hostname: string): string | undefined {
  const host = bareAddress(hostname).replace(/\.$/, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost")) return "127.0.0.1";
  return isIP(host) === 0 ? undefined : host;
}

function bareAddress(host: string): string {
  return host.replace(/^\[(.*)\]$/s, "$1").replace(/%.*$/s, "");
}
