import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * True if NO_PROXY says that the URL is asked directly. Entries are separated by commas or spaces: `*`; a
 * host, which stands for what is below it too (`example.org`, `.example.org`, `*.example.org`); an address
 * (IPv6 with or without brackets); a CIDR range; any of them but the last with `:port`.
 */
export function bypasses(url: URL, noProxy: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== "" && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inRange(host, entry);
  const [name, wanted] = splitPort(entry);
  if (wanted !== undefined && wanted !== port) return false;
  if (isIP(host) !== 0) return isIP(name) !== 0 && same(host, name);
  const suffix = bare(name).replace(/^\*?\./, "");
  return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
}

function splitPort(entry: string): [string, string | undefined] {
  if (isIP(entry) === 6) return [entry, undefined];
  const [, name = entry, port] = /^(.*?)(?::(\d+))?$/s.exec(entry) ?? [];
  return [bare(name), port];
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/s, "$1").replace(/\.$/, "");
}

function same(a: string, b: string): boolean {
  // One with a zone that only Node understands.
  if (!ipaddr.isValid(b)) return false;
  return ipaddr.process(a).toNormalizedString() === ipaddr.process(b).toNormalizedString();
}

function inRange(host: string, range: string): boolean {
  if (isIP(host) === 0 || !ipaddr.isValidCIDR(range)) return false;
  const address = ipaddr.process(host);
  const [network, bits] = ipaddr.parseCIDR(range);
  return address.kind() === network.kind() && address.match(network, bits);
}
