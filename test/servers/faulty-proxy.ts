import { once } from "node:events";
import { request as ask } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * What becomes of one answer. `at` is a share, 0 to 1, of its bytes, head and all: so many are sent first. `truncate` then closes the connection, `reset`
 * breaks it (RST), `stall` sends no more, `dribble` a byte a second. `length` adds to what Content-Length says; `garble` alters a byte of the body;
 * `close` gives the answer whole and closes, with what was asked ahead unanswered; `stale` gives what another server has.
 */
export type ProxyFault =
  | { readonly kind: "truncate" | "reset" | "stall" | "dribble" | "garble"; readonly at: number }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "length"; readonly add: number }
  | { readonly kind: "close" }
  | { readonly kind: "stale"; readonly from: string };

export interface Proxied {
  /** Counts from 1 since the start or the last `clear`. */
  readonly n: number;
  /** Counts from 1 on this connection. */
  readonly nthHere: number;
  /** Encoded, as it came. */
  readonly path: string;
}

export interface FaultyProxy extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Proxied[];
  onRequest: ((request: Proxied) => ProxyFault | undefined) | undefined;
  clear(): void;
}

/** A proxy on the way to one server, as a reverse proxy or a cache would be; HTTP/1.1, GET alone, requests sent ahead are answered in order. */
export async function faultyProxy(target: string): Promise<FaultyProxy> {
  let requests: Proxied[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    serve(socket).catch(() => socket.destroy());
  });

  async function serve(socket: Socket): Promise<void> {
    let nthHere = 0;
    for await (const head of heads(socket)) {
      const [, path = "/"] = head[0]?.split(" ") ?? [];
      const request = { n: requests.length + 1, nthHere: ++nthHere, path };
      requests.push(request);
      const fault = self.onRequest?.(request);
      const answer =
        fault?.kind === "status"
          ? plain(fault.status, fault.headers ?? {})
          : await fetched(fault?.kind === "stale" ? fault.from : target, path, head.slice(1));
      if (!(await send(socket, answer, fault))) return;
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const self: FaultyProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    onRequest: undefined,
    clear: () => void (requests = []),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return self;
}

/** The lines of each request head on a connection. */
async function* heads(socket: Socket): AsyncGenerator<string[]> {
  let text = "";
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString("latin1");
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      yield text.slice(0, end).split("\r\n");
      text = text.slice(end + 4);
    }
  }
}

interface Answer {
  readonly head: string;
  readonly length: number;
  readonly body: Buffer;
}

function plain(status: number, headers: Readonly<Record<string, string>>): Answer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: `HTTP/1.1 ${status} Fault\r\n${lines.join("")}`, length: 0, body: Buffer.alloc(0) };
}

async function fetched(target: string, path: string, lines: readonly string[]): Promise<Answer> {
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const sent = ask(`${target}${path}`, {
    headers: { ...headers, host: new URL(target).host, connection: "close" },
  }).end();
  const [reply] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const hop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);
  let head = `HTTP/1.1 ${reply.statusCode} ${reply.statusMessage}\r\n`;
  for (const [name, value] of Object.entries(reply.headers))
    if (!hop.has(name)) head += `${name}: ${String(value)}\r\n`;
  return { head, length: reply.statusCode === 304 ? Number.NaN : body.length, body };
}

/** False where the connection is not to be used any more. */
async function send(socket: Socket, answer: Answer, fault: ProxyFault | undefined): Promise<boolean> {
  const length = answer.length + (fault?.kind === "length" ? fault.add : 0);
  const last = Number.isNaN(length) ? "" : `content-length: ${Math.max(0, length)}\r\n`;
  const bytes = Buffer.concat([Buffer.from(`${answer.head}${last}\r\n`, "latin1"), answer.body]);
  if (fault === undefined || fault.kind === "status" || fault.kind === "stale") return write(socket, bytes);
  if (fault.kind === "length" || fault.kind === "close") {
    await write(socket, bytes);
    // Too short a length leaves bytes on the connection that the next answer would begin with.
    if (fault.kind === "length" && fault.add < 0) return true;
    return ended(socket);
  }
  if (fault.kind === "garble") {
    const start = bytes.length - answer.body.length;
    const place = start + Math.floor(fault.at * answer.body.length);
    if (answer.body.length > 0) bytes[place] = (bytes[place] ?? 0) ^ 0x55;
    return write(socket, bytes);
  }
  const cut = Math.floor(fault.at * bytes.length);
  await write(socket, bytes.subarray(0, cut));
  if (fault.kind === "truncate") return ended(socket);
  if (fault.kind === "reset") {
    // What was written must leave before the reset overtakes it.
    await sleep(10);
    socket.resetAndDestroy();
  }
  for (let at = cut; fault.kind === "dribble" && at < bytes.length && !socket.destroyed; at++) {
    await sleep(1000, undefined, { ref: false });
    await write(socket, bytes.subarray(at, at + 1));
  }
  return closed(socket);
}

async function ended(socket: Socket): Promise<false> {
  socket.end();
  return closed(socket);
}

// To leave the loop over a socket destroys it: not before the other side has seen all.
async function closed(socket: Socket): Promise<false> {
  if (!socket.destroyed) await once(socket, "close");
  return false;
}

async function write(socket: Socket, bytes: Uint8Array): Promise<boolean> {
  if (socket.destroyed) return false;
  await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
  return !socket.destroyed;
}
