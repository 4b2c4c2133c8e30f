import { SluiceError } from "../base/errors.ts";
import { bypasses } from "./no-proxy.ts";

export interface Proxy {
  /** `http://host:port` or `https://host:port`, without credentials. */
  readonly url: string;
  /** The value of Proxy-Authorization, where the variable carries a user. */
  readonly authorization?: string | undefined;
  /** The variable it came from, for messages. */
  readonly variable: string;
}

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `https_proxy` or `http_proxy`, then `all_proxy`, unless `no_proxy` names the host.
 * As in curl, the lower-case name wins and an empty value counts as unset. Form:
 * `[http://|https://][user:password@]host[:port]`, user and password percent-encoded. Default port: 1080 for
 * ALL_PROXY; for the others 80; 443 for any `https://` proxy. Throws `config_invalid`; never shows the value.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): Proxy | undefined {
  const scheme = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = [scheme, scheme.toUpperCase(), "all_proxy", "ALL_PROXY"].find((name) => env[name]);
  const value = variable === undefined ? undefined : env[variable];
  if (variable === undefined || value === undefined) return undefined;
  if (bypasses(url, env["no_proxy"] || env["NO_PROXY"] || "")) return undefined;
  return parseProxy(value.trim(), variable);
}

function parseProxy(value: string, variable: string): Proxy {
  const [, scheme = "http", rest = ""] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(value) ?? [];
  const protocol = scheme.toLowerCase();
  if (protocol !== "http" && protocol !== "https")
    throw new SluiceError(
      "config_invalid",
      `${variable} names a ${protocol} proxy: Sluice speaks to http:// and https:// proxies only.`,
    );
  const authority = rest.replace(/[/?#].*$/s, "");
  const mark = authority.lastIndexOf("@");
  const [, host, port] =
    /^(\[[0-9a-f:.]+\]|[^:@\s[\]]+)(?::(\d{1,5}))?$/i.exec(authority.slice(mark + 1)) ?? [];
  if (host === undefined || Number(port ?? 1) > 65535 || Number(port ?? 1) < 1) throw malformed(variable);
  const fallback = protocol === "https" ? "443" : variable.toLowerCase() === "all_proxy" ? "1080" : "80";
  const origin = `${protocol}://${host}:${port ?? fallback}`;
  if (!URL.canParse(origin)) throw malformed(variable);
  return {
    url: origin,
    variable,
    ...(mark > 0 && { authorization: basic(authority.slice(0, mark), variable) }),
  };
}

function basic(userinfo: string, variable: string): string {
  const colon = userinfo.indexOf(":");
  const user = colon < 0 ? userinfo : userinfo.slice(0, colon);
  const password = colon < 0 ? "" : userinfo.slice(colon + 1);
  try {
    const pair = `${decodeURIComponent(user)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair).toString("base64")}`;
  } catch {
    throw malformed(variable);
  }
}

function malformed(variable: string): SluiceError {
  return new SluiceError(
    "config_invalid",
    `${variable} is not of the form [http://][user:password@]host[:port], user and password percent-encoded: correct it.`,
  );
}
