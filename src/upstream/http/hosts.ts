import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { SluiceError } from "../../base/errors.ts";

/** What `redirect-hosts` allows beside the upstream's own host. */
export interface HostList {
  /** The host of a URL is listed, by name, suffix, address or range, and for this port. */
  host(url: URL): boolean;
  /**
   * The address itself is listed, alone or in a range: only then may a name lead to it where it is not
   * public.
   */
  address(address: string): boolean;
}

type Range = ReturnType<typeof ipaddr.parseCIDR>;
interface Rule {
  readonly name?: string;
  readonly suffix?: string;
  readonly range?: Range;
  readonly port?: string | undefined;
}

/**
 * Reads `redirect-hosts`: `host`, `*.suffix`, an address, each with or without `:port` (without one, any
 * port), or a CIDR range. A suffix does not stand for its own name. Throws `config_invalid`.
 */
export function hostList(entries: readonly string[]): HostList {
  const rules = entries.map(parseRule);
  return {
    host: (url) => rules.some((rule) => matchesHost(rule, url)),
    address: (address) => rules.some((rule) => rule.range !== undefined && within(address, rule.range)),
  };
}

/** The port that a URL asks, its scheme's default where it names none. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === "https:" ? "443" : "80");
}

/** A URL's host in one form: no brackets, no final dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/s, "$1").replace(/\.$/, "");
}

function parseRule(entry: string): Rule {
  if (ipaddr.isValidCIDR(entry)) return { range: ipaddr.parseCIDR(entry) };
  const bracketed = isIP(entry) === 6 ? `[${entry}]` : entry;
  const [, host = "", port] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(bracketed) ?? [];
  const plain = host.replace(/^\[(.*)\]$/s, "$1");
  // Not one with a zone: no URL can have that.
  if (isIP(plain) !== 0 && !plain.includes("%")) {
    const address = ipaddr.process(plain);
    return { range: [address, address.kind() === "ipv4" ? 32 : 128] as Range, port };
  }
  const wild = host.startsWith("*.");
  const name = domainToASCII((wild ? host.slice(2) : host).replace(/\.$/, ""));
  if (name === "" || /[*%]/.test(name))
    throw new SluiceError(
      "config_invalid",
      `'${entry}' in redirect-hosts is not a host, '*.suffix', address or range: correct it.`,
    );
  return wild ? { suffix: `.${name}`, port } : { name, port };
}

function matchesHost(rule: Rule, url: URL): boolean {
  if (rule.port !== undefined && rule.port !== portOf(url)) return false;
  const host = hostOf(url);
  if (rule.range !== undefined) return within(host, rule.range);
  return rule.suffix === undefined ? host === rule.name : host.endsWith(rule.suffix);
}

function within(host: string, [network, bits]: Range): boolean {
  if (isIP(host) === 0) return false;
  const address = ipaddr.process(host);
  return address.kind() === network.kind() && address.match(network, bits);
}
