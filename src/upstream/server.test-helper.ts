import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SluiceEvent } from "../base/events.ts";
import { httpTransport } from "./http/transport.ts";
import type { HttpOptions } from "./http/options.ts";
import type { FetchReply, Transport } from "./contract.ts";

/** A server of the tests on 127.0.0.1, with what it was asked. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly asked: IncomingMessage[];
  readonly sockets: Set<Socket>;
}

/** Serves until the test ends. With `tls` options, over https. */
export async function serve(
  t: TestContext,
  answer: RequestListener,
  tls?: ServerOptions,
): Promise<TestServer> {
  const asked: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    asked.push(request);
    answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${String(port)}/`;
  return { url, port, server, asked, sockets };
}

/**
 * A transport that waits not at all between retries, closed with the test; `waits` and `events` tell what it
 * did.
 */
export function transportTo(
  t: TestContext,
  url: string,
  options: Partial<HttpOptions> = {},
): { transport: Transport; waits: number[]; events: SluiceEvent[] } {
  const waits: number[] = [];
  const events: SluiceEvent[] = [];
  const transport = httpTransport({
    url,
    proxyEnv: {},
    emit: (event) => events.push(event),
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    ...options,
  });
  t.after(() => transport.close());
  return { transport, waits, events };
}

/** The text of a reply that must be "ok". */
export async function textOf(reply: FetchReply): Promise<string> {
  if (reply.status !== "ok") throw new Error(`the reply is ${reply.status}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of reply.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export interface TestPki {
  readonly ca: string;
  readonly server: { cert: string; key: string };
  readonly client: { cert: string; key: string };
}

let pki: TestPki | undefined;

/** A CA, a server certificate for localhost and 127.0.0.1, and a client certificate, made once a process. */
export function testPki(): TestPki {
  return (pki ??= makePki());
}

function makePki(): TestPki {
  const folder = mkdtempSync(join(tmpdir(), "sluice-pki-"));
  try {
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509", "-days", "2"];
    openssl("req", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA");
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key"];
    const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    const leaf = (name: string) => [...key, ...signed, "-keyout", `${name}.key`, "-out", `${name}.pem`];
    openssl(
      "req",
      ...leaf("server"),
      "-subj",
      "/CN=server",
      "-addext",
      names,
      "-addext",
      "basicConstraints=CA:FALSE",
    );
    openssl("req", ...leaf("client"), "-subj", "/CN=client", "-addext", "basicConstraints=CA:FALSE");
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const pair = (name: string) => ({ cert: read(`${name}.pem`), key: read(`${name}.key`) });
    return { ca: read("ca.pem"), server: pair("server"), client: pair("client") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
