import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface Recorded {
  /** Counts from 1 since the server started or `clear` was called. */
  readonly n: number;
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** As it came, encoded. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** The client's port: tells the connection that it came on. */
  readonly port: number;
  status: number;
  /** Bytes of body that were handed to the connection. */
  bytes: number;
}

/**
 * What to do instead of serving the file. `truncate` ends the connection after half of the body, `stall` then sends nothing more, and
 * `endless` goes on with zeros for ever, without saying how long the body is.
 */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | "reset"
  | "truncate"
  | "stall"
  | "endless";

export type OnRequest = (request: Recorded) => Fault | undefined | Promise<Fault | undefined>;

export interface StaticServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Recorded[];
  /** The folder that is served; may be changed at any time. */
  root: string;
  /** Called before each answer; may change `root`. */
  onRequest: OnRequest | undefined;
  /** Called with the client's port for each connection. */
  onConnection: ((port: number) => void) | undefined;
  /** False: a server that knows no ETag and no Last-Modified. */
  validators: boolean;
  /** Sent with every file, such as a wrong Content-Type. */
  headers: Readonly<Record<string, string>>;
  /** Forgets the requests so far; the next has number 1. */
  clear(): void;
}

/** Serves a folder as a plain web server does, writes down each request, and goes wrong where it is told to. */
export async function staticServer(root: string, host = "127.0.0.1"): Promise<StaticServer> {
  let requests: Recorded[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    const record: Recorded = {
      n: requests.length + 1,
      method: request.method ?? "",
      path: decodeURIComponent(url),
      url,
      headers: request.headers,
      port: request.socket.remotePort ?? 0,
      status: 0,
      bytes: 0,
    };
    requests.push(record);
    answer(self, record, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => self.onConnection?.(socket.remotePort ?? 0));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const self: StaticServer = {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    root,
    onRequest: undefined,
    onConnection: undefined,
    validators: true,
    headers: {},
    clear() {
      requests = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

async function answer(server: StaticServer, request: Recorded, response: ServerResponse): Promise<void> {
  const fault = await server.onRequest?.(request);
  if (fault === "reset") {
    response.destroy();
    return;
  }
  if (typeof fault === "object") {
    finish(request, response, fault.status, fault.headers ?? {}, fault.body ?? "");
    return;
  }
  const path = join(server.root, request.path);
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) {
    finish(request, response, 404, { "content-type": "text/html" }, "<h1>404 Not Found</h1>\n");
    return;
  }
  const headers: Record<string, string> = { "accept-ranges": "bytes", ...server.headers };
  const etag = `"${info.mtimeMs.toString(16)}-${info.size.toString(16)}-${info.ino.toString(16)}"`;
  if (server.validators) {
    headers["etag"] = etag;
    headers["last-modified"] = info.mtime.toUTCString();
    if (unchanged(request, etag, info.mtime.toUTCString())) {
      finish(request, response, 304, headers, "");
      return;
    }
  }
  if (fault === "endless") {
    await pourZeros(request, response);
    return;
  }
  const start = rangeStart(request, etag, info.size);
  if (start > 0) headers["content-range"] = `bytes ${start}-${info.size - 1}/${info.size}`;
  const length = info.size - start;
  headers["content-length"] = String(length);
  request.status = start > 0 ? 206 : 200;
  response.writeHead(request.status, headers);
  if (request.method === "HEAD" || length === 0) {
    response.end();
    return;
  }
  const cut = fault === undefined ? length : Math.floor(length / 2);
  if (cut > 0) {
    for await (const chunk of createReadStream(path, { start, end: start + cut - 1 })) {
      request.bytes += (chunk as Buffer).length;
      if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
    }
  }
  if (fault === undefined) response.end();
  if (fault === "truncate") {
    // The half that was written must leave before the connection goes.
    await sleep(20);
    response.destroy();
  }
}

async function pourZeros(request: Recorded, response: ServerResponse): Promise<void> {
  const block = Buffer.alloc(65536);
  request.status = 200;
  response.writeHead(200);
  await pipeline(function* () {
    for (;;) {
      request.bytes += block.length;
      yield block;
    }
  }, response);
}

function finish(
  request: Recorded,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  request.status = status;
  request.bytes = Buffer.byteLength(body);
  response.writeHead(status, status === 304 ? headers : { ...headers, "content-length": request.bytes });
  response.end(request.method === "HEAD" ? "" : body);
}

function unchanged(request: Recorded, etag: string, modified: string): boolean {
  const match = request.headers["if-none-match"];
  if (match !== undefined) return match.split(", ").includes(etag);
  const since = request.headers["if-modified-since"];
  return since !== undefined && Date.parse(modified) <= Date.parse(since);
}

function rangeStart(request: Recorded, etag: string, size: number): number {
  const ifRange = request.headers["if-range"];
  if (ifRange !== undefined && ifRange !== etag) return 0;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  return start < size ? start : 0;
}
