import { SluiceError } from "../../base/errors.ts";
import type { Proxy } from "../proxy.ts";
import { show } from "./location.ts";
import { ProxyRefusal } from "./tunnel.ts";

/** Why a request got no answer: `reason` goes on from the host's name. */
export interface Failure {
  readonly reason: string;
  /** It may pass. */
  readonly retry: boolean;
  readonly hint?: string;
}

const CLOCK = "Check the clock of this host.";
const OWN_CA = "If its CA is your own, name the CA's certificate in the config.";

const WORDS: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { reason: "refused the connection", retry: true },
  ECONNRESET: { reason: "broke the connection off", retry: true },
  EPIPE: { reason: "broke the connection off", retry: true },
  UND_ERR_SOCKET: { reason: "broke the connection off", retry: true },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { reason: "broke the connection off", retry: true },
  ETIMEDOUT: { reason: "did not accept a connection in time", retry: true },
  UND_ERR_CONNECT_TIMEOUT: { reason: "did not accept a connection in time", retry: true },
  UND_ERR_HEADERS_TIMEOUT: { reason: "did not answer in time", retry: true },
  UND_ERR_BODY_TIMEOUT: { reason: "stopped sending", retry: true },
  EHOSTUNREACH: { reason: "cannot be reached from this network", retry: true },
  ENETUNREACH: { reason: "cannot be reached from this network", retry: true },
  EAI_AGAIN: { reason: "has a name that DNS cannot look up now", retry: true },
  ENOTFOUND: { reason: "has a name that DNS does not know", retry: false },
  UND_ERR_HEADERS_OVERFLOW: { reason: "sent more header lines than are allowed", retry: false },
  CERT_HAS_EXPIRED: { reason: "has a TLS certificate that has expired", retry: false, hint: CLOCK },
  CERT_NOT_YET_VALID: { reason: "has a TLS certificate that is not valid yet", retry: false, hint: CLOCK },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: "has a TLS certificate for another name", retry: false },
};

const UNKNOWN_ISSUER =
  /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_CA|INVALID_PURPOSE)/;

/** What an error of undici, a socket or TLS means. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ProxyRefusal) return { reason: "could not be reached", retry: error.status >= 500 };
  const code = codeOf(error);
  const known = WORDS[code];
  if (known !== undefined) return known;
  if (UNKNOWN_ISSUER.test(code))
    return { reason: `has a TLS certificate that is not trusted here (${code})`, retry: false, hint: OWN_CA };
  if (/^(ERR_SSL_|ERR_TLS_|EPROTO)/.test(code))
    return { reason: `did not agree on TLS (${reasonOf(error)})`, retry: false };
  if (error instanceof Error && error.name === "HTTPParserError")
    return { reason: "sent what is not HTTP", retry: true };
  return { reason: `could not be asked (${reasonOf(error)})`, retry: true };
}

/** The error to show once no retry is left. */
export function unreachable(url: URL, proxy: Proxy | undefined, error: unknown): SluiceError {
  if (error instanceof ProxyRefusal && proxy !== undefined) return proxyRefused(url, proxy, error.status);
  const { reason, hint } = describeFailure(error);
  const through = proxy === undefined ? "" : ` (through the proxy ${proxy.url} of ${proxy.variable})`;
  return new SluiceError(
    "upstream_unreachable",
    `Cannot fetch ${show(url)}: ${url.host}${through} ${reason}.`,
    {
      cause: error,
      ...(hint !== undefined && { hint }),
    },
  );
}

/** The error for a proxy that answers by itself; 407 is about its credentials. */
export function proxyRefused(url: URL, proxy: Proxy, status: number): SluiceError {
  const why =
    status === 407
      ? `wants other credentials (407): check user and password in ${proxy.variable}`
      : `answered ${String(status)}: check ${proxy.variable} and NO_PROXY`;
  const code = status >= 500 ? "upstream_unreachable" : "upstream_refused";
  return new SluiceError(code, `Cannot fetch ${show(url)}: the proxy ${proxy.url} ${why}.`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : "";
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason } = error as Error & { reason?: unknown };
  return typeof reason === "string" ? reason : error.message;
}
