import { SluiceError } from "../../base/errors.ts";
import type { FetchRequest } from "../contract.ts";
import { proxyFor } from "../proxy.ts";
import type { Agents } from "./agents.ts";
import { discard, judge } from "./answer.ts";
import type { Outcome } from "./answer.ts";
import { AddressRefused } from "./connectors.ts";
import { describeFailure, unreachable } from "./failures.ts";
import { header, requestHeaders } from "./headers.ts";
import { resolveRedirect, show } from "./location.ts";
import type { HttpSettings } from "./options.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 5;

/**
 * Asks once and follows redirects: at most five, only where `redirect-hosts` lets them, credentials for the
 * upstream's own origin alone. Throws `redirect_refused`, `upstream_refused`, `upstream_unreachable` where no
 * retry can help.
 */
export async function ask(
  settings: HttpSettings,
  agents: Agents,
  request: FetchRequest,
  target: URL,
): Promise<Outcome> {
  let from = settings.base;
  let url = target;
  for (let hops = 0; ; hops++) {
    const proxy = proxyFor(url, settings.proxyEnv);
    let response;
    try {
      response = await agents.send(url, headersFor(settings, request, url), request.signal);
    } catch (error) {
      request.signal?.throwIfAborted();
      // The transport was closed.
      if (error instanceof SluiceError) throw error;
      if (error instanceof AddressRefused) throw addressRefused(from, url, error.address);
      const failure = describeFailure(error);
      const shown = unreachable(url, proxy, error);
      if (!failure.retry) throw shown;
      return { kind: "later", reason: failure.reason, retryAfter: 0, error: shown };
    }
    const location = header(response.headers, "location");
    if (!REDIRECTS.has(response.statusCode) || location === undefined)
      return judge({ request, url, proxy, response, patienceMs: settings.timeouts.body });
    discard(response);
    if (hops === MOST_REDIRECTS)
      throw new SluiceError(
        "redirect_refused",
        `${show(target)} leads to more than ${String(MOST_REDIRECTS)} redirects, the last at ${show(url)}: refused.`,
      );
    from = url;
    url = resolveRedirect(settings.base, url, location, settings.hosts);
  }
}

function headersFor(settings: HttpSettings, request: FetchRequest, url: URL): Record<string, string> {
  const headers = requestHeaders(request, settings.userAgent);
  const mine = url.origin === settings.base.origin ? settings.authorization : undefined;
  return mine === undefined ? headers : { ...headers, authorization: mine };
}

function addressRefused(from: URL, url: URL, address: string): SluiceError {
  return new SluiceError(
    "redirect_refused",
    `${show(from)} leads to ${show(url)}, whose address ${address} is not public: refused.`,
    { hint: `If it is right, list ${address} in redirect-hosts.` },
  );
}
