import { SluiceError } from "../../base/errors.ts";
import { hostOf, portOf } from "./hosts.ts";
import type { HostList } from "./hosts.ts";

/**
 * The base of an upstream: the URL with a final slash, without its credentials. Throws `config_invalid` for
 * what is not an http(s) URL, or has a query or fragment.
 */
export function parseBase(text: string): { base: URL; username: string; password: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isHttp(url) || url.search !== "" || url.hash !== "")
    throw new SluiceError(
      "config_invalid",
      `'${text}' is not an http(s) URL of a folder: correct the upstream's URL.`,
    );
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  try {
    return { base: url, username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new SluiceError(
      "config_invalid",
      `The credentials in the URL of ${url.href} are not percent-encoded.`,
    );
  }
}

/**
 * The URL of an entry: below the base where `from` is relative, or absolute. Throws `path_refused` where a
 * relative one leaves the base, and `redirect_refused` where an absolute one names a host that is neither the
 * upstream's nor listed.
 */
export function resolveFrom(base: URL, from: string, hosts: HostList): URL {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) {
    const url = URL.parse(from);
    if (url === null) throw outside(base, from);
    checkHop({ base, from: base, to: url, hosts, verb: "names" });
    return stripped(url);
  }
  // The URL parser would take a backslash for a slash, and drop tabs and line ends.
  const plain = !from.startsWith("/") && !/[\\\u0000-\u0020]/.test(from);
  const url = plain ? URL.parse(base.href + from) : null;
  if (url === null || !isBelow(base, url)) throw outside(base, from);
  return stripped(url);
}

/** Where a redirect leads. Throws `redirect_refused`, naming both ends, where it must not be followed. */
export function resolveRedirect(base: URL, from: URL, location: string, hosts: HostList): URL {
  if (!URL.canParse(location, from.href))
    throw new SluiceError(
      "redirect_refused",
      `${show(from)} redirects to '${location}', which is not a URL.`,
    );
  const to = new URL(location, from);
  checkHop({ base, from, to, hosts, verb: "redirects to" });
  return stripped(to);
}

/** The URL for people: without query (a CDN's may be a secret), credentials and fragment. */
export function show(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function checkHop(hop: { base: URL; from: URL; to: URL; hosts: HostList; verb: string }): void {
  const { base, from, to } = hop;
  const refuse = (why: string, hint?: string): never => {
    const target = isHttp(to) ? show(to) : to.protocol;
    throw new SluiceError(
      "redirect_refused",
      `${show(from)} ${hop.verb} ${target}, ${why}: refused.`,
      hint === undefined ? {} : { hint },
    );
  };
  if (!isHttp(to)) refuse("which is not http or https");
  if (from.protocol === "https:" && to.protocol === "http:") refuse("which would give up TLS");
  if (!isSameHost(base, to) && !hop.hosts.host(to))
    refuse("which is another host", `If it is right, list ${to.host} in redirect-hosts.`);
}

/** Same name and port, or the same name over TLS where the upstream itself is asked without. */
function isSameHost(base: URL, to: URL): boolean {
  if (hostOf(base) !== hostOf(to)) return false;
  if (base.protocol === to.protocol) return portOf(base) === portOf(to);
  return base.protocol === "http:" && to.protocol === "https:";
}

function isBelow(base: URL, url: URL): boolean {
  return url.href.startsWith(base.href);
}

function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

function stripped(url: URL): URL {
  // Setting a part makes the whole URL anew, and there are many.
  if (url.username !== "") url.username = "";
  if (url.password !== "") url.password = "";
  if (url.hash !== "") url.hash = "";
  return url;
}

function outside(base: URL, from: string): SluiceError {
  return new SluiceError(
    "path_refused",
    `'${from.slice(0, 300)}' does not lead to a file below ${base.href}: refused.`,
  );
}
