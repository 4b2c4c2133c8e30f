import { encodePath } from "../base/path.ts";
import type { Exchange } from "./exchange.ts";
import type { Files } from "./files.ts";
import { PAGE_CSP } from "./html.ts";
import { folderPage, homePage, mirrorPage } from "./listings.ts";
import { lookUp } from "./lookup.ts";
import type { RememberedFiles } from "./remembered.ts";
import { sendPage, sendStatus } from "./send.ts";
import { parseTarget, type Target } from "./target.ts";
import type { View } from "./view.ts";

/** What requests are answered from. */
export interface Site {
  readonly view: View;
  readonly files: Files;
  readonly remembered: RememberedFiles;
  /** Answers below `/_/`; false where there is nothing of that name. */
  system(exchange: Exchange, target: Target): Promise<boolean>;
}

/**
 * Answers one request, at once where all of it is in memory. Throws where the store is at fault: nothing but headers
 * may have been sent then.
 */
export function answer(site: Site, exchange: Exchange): Promise<void> | void {
  const { method } = exchange.request;
  if ((method === "GET" || method === "HEAD") && !hasBody(exchange)) {
    const file = site.remembered.find(exchange);
    if (file !== undefined) return site.files.send(exchange, file);
  }
  return lookUpAndAnswer(site, exchange);
}

async function lookUpAndAnswer(site: Site, exchange: Exchange): Promise<void> {
  const { request } = exchange;
  const close = hasBody(exchange) ? { Connection: "close" } : undefined;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return sendStatus(exchange, 405, { Allow: "GET, HEAD", ...close });
  }
  if (close !== undefined) return sendStatus(exchange, 400, close);
  const target = parseTarget(request.url ?? "");
  if (typeof target === "number") return sendStatus(exchange, target);
  const [mirror, name] = target.segments;
  if (mirror === undefined) {
    exchange.kind = "listing";
    return sendPage(exchange, PAGE_CSP, homePage(await site.view.mirrors()));
  }
  if (mirror === "_") return answerSystem(site, exchange, target);
  if (name === undefined) return answerMirror(site, exchange, target, mirror);
  return answerPath(site, exchange, target, mirror, name);
}

// Nothing that is answered here reads a body; what is unread must not be taken for the next request.
function hasBody({ request: { headers } }: Exchange): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

async function answerSystem(site: Site, exchange: Exchange, target: Target): Promise<void> {
  exchange.kind = "system";
  if (!target.folder && (await site.system(exchange, target))) return;
  exchange.kind = "none";
  sendStatus(exchange, 404);
}

async function answerMirror(site: Site, exchange: Exchange, target: Target, mirror: string): Promise<void> {
  const snapshots = await site.view.snapshots(mirror);
  if (snapshots.length === 0) return sendStatus(exchange, 404);
  exchange.mirror = mirror;
  if (!target.folder) return redirect(exchange, target);
  exchange.kind = "listing";
  await sendPage(exchange, PAGE_CSP, mirrorPage(mirror, await site.view.channels(mirror), snapshots));
}

async function answerPath(
  site: Site,
  exchange: Exchange,
  target: Target,
  mirror: string,
  name: string,
): Promise<void> {
  const place = await site.view.place(mirror, name);
  if (place === undefined) return sendStatus(exchange, 404);
  exchange.mirror = mirror;
  exchange.at = name;
  const found = await lookUp(site.view, place, target);
  if (found === undefined) return sendStatus(exchange, 404);
  if (found.type === "unslashed") return redirect(exchange, target);
  if (found.type === "folder") {
    exchange.kind = "listing";
    const children = found.index.children(found.path);
    return sendPage(exchange, PAGE_CSP, folderPage(place, name, found.path, children));
  }
  await site.files.send(exchange, site.remembered.keep(exchange, name, place, found.file));
}

// Relative, so that it leads nowhere else, and holds behind a proxy.
function redirect(exchange: Exchange, target: Target): void {
  exchange.kind = "listing";
  sendStatus(exchange, 301, { Location: `${encodePath(target.segments.at(-1) ?? "")}/` });
}
