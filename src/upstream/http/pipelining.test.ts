import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { textOf, transportTo } from "../server.test-helper.ts";

type Answer = (path: string, seen: Seen) => string | undefined;

/** What the server knows of the connection that a request came on. */
interface Seen {
  readonly socket: Socket;
  /** Paths of the requests that have come on it, this one included. */
  readonly paths: string[];
  /** Those of them that came in one piece with this one, and after it. */
  readonly behind: number;
  /** And before it. */
  readonly before: number;
}

/** A server below HTTP: it answers each request with what `answer` gives, in one piece for those that came in one piece. */
async function rawServer(t: TestContext, answer: Answer) {
  const sockets: Socket[] = [];
  const asked: string[] = [];
  let most = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    const paths: string[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const found = [...data.toString("latin1").matchAll(/^GET (\S+) HTTP/gm)].map(([, path = ""]) => path);
      most = Math.max(most, found.length);
      const said: string[] = [];
      for (const [at, path] of found.entries()) {
        asked.push(path);
        paths.push(path);
        said.push(answer(path, { socket, paths, behind: found.length - at - 1, before: at }) ?? "");
      }
      if (!socket.destroyed) socket.write(said.join(""));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, sockets, asked, most: () => most };
}

function ok(text: string, ...more: string[]): string {
  return ["HTTP/1.1 200 OK", `Content-Length: ${text.length}`, ...more, "", text].join("\r\n");
}

/** Asks for the files 0, 1, … at once; each must come as it is. */
async function askAll(t: TestContext, url: string, count: number, options: object = {}) {
  const { transport, events, waits } = transportTo(t, url, { connections: 1, pipelining: 8, ...options });
  const names = Array.from({ length: count }, (_, at) => String(at));
  const texts = await Promise.all(
    names.map(async (from) => textOf(await transport.fetch({ from, size: 3 }))),
  );
  assert.deepEqual(
    texts,
    names.map((name) => `/${name}`),
  );
  const notices = events.filter((event) => event.event === "warning");
  return { transport, notices, waits };
}

test("a server that bears it gets as many ahead as are allowed, after one on trial", async (t) => {
  const bursts: number[] = [];
  const server = await rawServer(t, (path, { behind }) => {
    bursts.push(behind + 1);
    return ok(path);
  });
  const { transport, notices } = await askAll(t, server.url, 40);
  assert.deepEqual(bursts.slice(0, 3), [1, 2, 1], "one, then two");
  assert.equal(server.most(), 8);
  assert.equal(server.sockets.length, 1);
  assert.equal(transport.requests, 40);
  assert.deepEqual(notices, []);
});

test("a server that closes after each answer is sent nothing ahead, and nothing twice", async (t) => {
  const server = await rawServer(t, (path, { socket }) => {
    setImmediate(() => socket.end());
    return ok(path, "Connection: close");
  });
  const { transport } = await askAll(t, server.url, 12);
  assert.equal(server.most(), 1);
  assert.equal(transport.requests, 12);
});

test("one that closes without a word, with requests behind, is asked one at a time from then on", async (t) => {
  const server = await rawServer(t, (path, { socket, paths }) => {
    if (paths.length > 1) {
      if (paths.length === 2) socket.destroy();
      return undefined;
    }
    return ok(path);
  });
  const { notices } = await askAll(t, server.url, 6, { connections: 2 });
  assert.equal(notices.length, 1);
  assert.match(JSON.stringify(notices[0]), /does not bear requests sent ahead/);
});

test("one that forgets what was sent ahead is asked one at a time from then on", async (t) => {
  let lost = 0;
  const server = await rawServer(t, (path, { before }) => {
    if (before === 0) return ok(path);
    lost++;
    return undefined;
  });
  const { notices } = await askAll(t, server.url, 8, { timeoutSeconds: { headers: 0.2 } });
  assert.equal(notices.length, 1);
  assert.equal(lost, 1);
});

test("a server that takes so many requests on a connection is not sent more ahead", async (t) => {
  const LIFETIME = 10;
  const server = await rawServer(t, (path, { socket, paths }) => {
    if (paths.length > LIFETIME) return undefined;
    if (paths.length < LIFETIME) return ok(path);
    setImmediate(() => socket.end());
    return ok(path, "Connection: close");
  });
  const { transport, notices } = await askAll(t, server.url, 200);
  assert.equal(server.most(), 8);
  assert.ok(transport.requests < 200 + 8, "what was lost was lost on the first connection");
  assert.deepEqual(notices, []);
});

test("a refusal that came ahead is asked about again, alone; where it was another's, nothing is sent ahead any more", async (t) => {
  const counts = new Map<string, number>();
  const server = await rawServer(t, (path, { paths }) => {
    const times = (counts.get(path) ?? 0) + 1;
    counts.set(path, times);
    const missing = path === "/gone" || (path === "/20" && times === 1 && paths.length > 1);
    return missing ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : ok(path);
  });
  const { transport, notices } = await askAll(t, server.url, 40);
  assert.equal(counts.get("/20"), 2);
  assert.equal(notices.length, 1);
  const more = await Promise.all(["a", "b", "c", "gone"].map((from) => transport.fetch({ from })));
  assert.deepEqual(
    more.map(({ status }) => status),
    ["ok", "ok", "ok", "absent"],
  );
});

test("a large file is not sent ahead, nor anything ahead behind it, and all come in the end", async (t) => {
  const LARGE = 2 * 1024 * 1024;
  const behindLarge: number[] = [];
  const server = await rawServer(t, (path, { behind }) => {
    if (path.startsWith("/large")) behindLarge.push(behind);
    return ok(path.startsWith("/large") ? "x".repeat(LARGE) : path);
  });
  const { transport } = await askAll(t, server.url, 20);
  const names = Array.from({ length: 60 }, (_, at) => (at % 10 === 5 ? `large${at}` : `small${at}`));
  const sizes = await Promise.all(
    names.map(async (from) => {
      const size = from.startsWith("large") ? LARGE : 3;
      return (await textOf(await transport.fetch({ from, size }))).length;
    }),
  );
  assert.equal(sizes.filter((size) => size === LARGE).length, 6);
  assert.deepEqual(behindLarge, [0, 0, 0, 0, 0, 0]);
});
