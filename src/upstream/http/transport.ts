import { sanitize } from "../../base/errors.ts";
import type { FetchReply, FetchRequest, Transport } from "../contract.ts";
import { createAgents } from "./agents.ts";
import type { Agents } from "./agents.ts";
import { backOff } from "./backoff.ts";
import { ask } from "./follow.ts";
import { resolveFrom, show } from "./location.ts";
import { readOptions } from "./options.ts";
import type { HttpOptions, HttpSettings } from "./options.ts";

/**
 * An upstream over http(s). Retries connection errors, 408, 425, 429 and 5xx; 404 and 410 are "absent"; a
 * body that breaks off throws `upstream_unreachable` at its reader. An aborted fetch throws the signal's
 * reason. Every body must be read to its end or given up. Throws `config_invalid` and `credentials` here;
 * from fetch `upstream_unreachable`, `upstream_refused`, `redirect_refused`, `path_refused`.
 */
export function httpTransport(options: HttpOptions): Transport {
  const settings = readOptions(options);
  const agents = createAgents(settings);
  return {
    name: settings.base.href,
    get requests() {
      return agents.requests;
    },
    fetch: (request) => fetchFile(settings, agents, request),
    distrust: (from) => agents.distrust(resolveFrom(settings.base, from, settings.hosts)),
    close: () => agents.close(),
  };
}

async function fetchFile(settings: HttpSettings, agents: Agents, request: FetchRequest): Promise<FetchReply> {
  request.signal?.throwIfAborted();
  const target = resolveFrom(settings.base, request.from, settings.hosts);
  let asked = request;
  let wasRefused = false;
  for (let attempt = 1; ;) {
    const outcome = await ask(settings, agents, asked, target);
    if (outcome.kind === "reply") {
      if (wasRefused && outcome.reply.status === "ok") await agents.distrust(target);
      return outcome.reply;
    }
    if (outcome.kind === "alone") {
      wasRefused = true;
      asked = { ...asked, alone: true };
      continue;
    }
    if (outcome.kind === "whole") {
      // Without the validators too: they would turn into a question whether the file has changed.
      asked = { ...asked, offset: undefined, validators: undefined };
      continue;
    }
    if (attempt > settings.retries) throw outcome.error;
    const waitMs = backOff(attempt, outcome.retryAfter);
    settings.emit({
      event: "retry",
      url: show(target),
      attempt,
      waitMs,
      reason: sanitize(`${target.host} ${outcome.reason}`),
    });
    await settings.sleep(waitMs, request.signal).catch((error: unknown) => {
      request.signal?.throwIfAborted();
      throw error;
    });
    attempt++;
    asked = { ...asked, alone: true };
  }
}
