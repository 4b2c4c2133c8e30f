import { SluiceError } from "../../base/errors.ts";
import type { FetchRequest } from "../contract.ts";
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
  let ahead = false;
  for (let hops = 0; ; hops++) {
    const { origin } = url;
    const proxy = settings.proxyOf(origin);
    const patienceMs = settings.timeouts.body;
    let response;
    try {
      const { size, alone = false, signal } = request;
      const headers = headersFor(settings, request, origin);
      response = await agents.send({ url, origin, headers, size, alone, signal });
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
    ahead ||= response.ahead;
    const location = header(response.headers, "location");
    if (!REDIRECTS.has(response.statusCode) || location === undefined)
      return judge({ request, url, proxy, response: ahead ? { ...response, ahead } : response, patienceMs });
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

function headersFor(settings: HttpSettings, request: FetchRequest, origin: string): Record<string, string> {
  const headers = requestHeaders(request, settings.userAgent);
  if (settings.authorization !== undefined && origin === settings.base.origin)
    headers["authorization"] = settings.authorization;
  return headers;
}

function addressRefused(from: URL, url: URL, address: string): SluiceError {
  return new SluiceError(
    "redirect_refused",
    `${show(from)} leads to ${show(url)}, whose address ${address} is not public: refused.`,
    { hint: `If it is right, list ${address} in redirect-hosts.` },
  );
}
