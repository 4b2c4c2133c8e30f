import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SluiceError } from "../base/errors.ts";
import type { FetchReply, FetchRequest, Transport } from "./contract.ts";
import { download } from "./download.ts";
import type { Sink } from "./download.ts";
import { serve, transportTo } from "./server.test-helper.ts";

const FILE = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
const size = FILE.length;

class MemorySink implements Sink {
  bytes: Buffer = Buffer.alloc(0);
  resets = 0;
  readonly max: number;
  constructor(max = Infinity, bytes: Buffer = Buffer.alloc(0)) {
    this.max = max;
    this.bytes = bytes;
  }
  get have() {
    return this.bytes.length;
  }
  async append(body: AsyncIterable<Uint8Array>) {
    for await (const chunk of body) {
      const fits = chunk.subarray(0, this.max - this.have);
      this.bytes = Buffer.concat([this.bytes, fits]);
      if (fits.length < chunk.length) throw new SluiceError("too_large", "The sink is full.");
    }
  }
  reset() {
    this.bytes = Buffer.alloc(0);
    this.resets++;
    return Promise.resolve();
  }
}

interface Behaviour {
  file?: Buffer;
  etag?: string | (() => string);
  /** Bytes after which a body breaks off; the last of the list is for all that follow. */
  cut?: number[];
  ignoresRange?: boolean;
  chunked?: boolean;
  status?: number;
}

function answer(behaviour: Behaviour) {
  const { file = FILE, etag, cut = [], ignoresRange = false, chunked = false, status } = behaviour;
  let count = 0;
  return (request: IncomingMessage, response: ServerResponse) => {
    if (status !== undefined) return response.writeHead(status).end();
    const tag = typeof etag === "function" ? etag() : etag;
    if (tag !== undefined) response.setHeader("etag", tag);
    const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const ifRange = request.headers["if-range"];
    const from = ignoresRange || (ifRange !== undefined && ifRange !== tag) ? 0 : asked;
    if (from >= file.length) return response.writeHead(416).end();
    const rest = file.subarray(from);
    if (from > 0)
      response.setHeader(
        "content-range",
        `bytes ${String(from)}-${String(file.length - 1)}/${String(file.length)}`,
      );
    response.writeHead(from > 0 ? 206 : 200, chunked ? {} : { "content-length": rest.length });
    const stop = cut[Math.min(count++, cut.length - 1)] ?? Infinity;
    if (stop >= rest.length) return response.end(rest);
    return response.write(rest.subarray(0, stop), () => request.socket.end());
  };
}

async function source(t: TestContext, behaviour: Behaviour = {}) {
  const server = await serve(t, answer(behaviour));
  const { transport, events } = transportTo(t, server.url, { retries: 0 });
  const ranges = () => server.asked.map((request) => request.headers.range);
  return { ...server, transport, ranges, events };
}

test("one source, one request", async (t) => {
  const { transport, ranges } = await source(t, { etag: '"1"' });
  const sink = new MemorySink();
  const done = await download([transport], "x", sink, { size });
  assert.deepEqual(done, { status: "done", transport, validators: { etag: '"1"' } });
  assert.deepEqual(sink.bytes, FILE);
  assert.deepEqual(ranges(), [undefined]);
});

test("nothing is asked for what is there already", async (t) => {
  const { transport, asked } = await source(t);
  const done = await download([transport], "x", new MemorySink(size, FILE), { size });
  assert.equal(done.status, "done");
  assert.equal(asked.length, 0);
});

test("what an earlier run left is continued; what is too much is dropped", async (t) => {
  const { transport, ranges } = await source(t);
  const sink = new MemorySink(size, FILE.subarray(0, 300));
  await download([transport], "x", sink, { size });
  assert.deepEqual(sink.bytes, FILE);
  const full = new MemorySink(size, Buffer.alloc(size + 1));
  await download([transport], "x", full, { size });
  assert.deepEqual(full.bytes, FILE);
  assert.deepEqual(ranges(), ["bytes=300-", undefined]);
});

test("a body that breaks is continued where it stopped, with If-Range", async (t) => {
  const { transport, ranges, asked } = await source(t, { etag: '"1"', cut: [400, 300, Infinity] });
  const sink = new MemorySink();
  const events: string[] = [];
  await download([transport], "x", sink, { size, emit: (event) => events.push(event.event) });
  assert.deepEqual(sink.bytes, FILE);
  assert.deepEqual(ranges(), [undefined, "bytes=400-", "bytes=700-"]);
  assert.equal(asked[1]?.headers["if-range"], '"1"');
  assert.equal(sink.resets, 0);
  assert.deepEqual(events, ["retry", "retry"]);
});

test("a server that ignores ranges starts over", async (t) => {
  const { transport } = await source(t, { ignoresRange: true, cut: [400, Infinity] });
  const sink = new MemorySink();
  await download([transport], "x", sink, { size });
  assert.deepEqual(sink.bytes, FILE);
  assert.equal(sink.resets, 1);
});

test("a file that changes in the middle starts over: by If-Range, or where the server ignores that", async (t) => {
  for (const weak of ["", "W/"]) {
    let version = 0;
    const etag = () => `${weak}"${String(Math.min(++version, 2))}"`;
    const { transport } = await source(t, { etag, cut: [400, Infinity] });
    const sink = new MemorySink();
    await download([transport], "x", sink, { size });
    assert.deepEqual(sink.bytes, FILE);
    assert.equal(sink.resets, 1);
  }
});

test("a body without a length that ends early is continued", async (t) => {
  const { url, asked } = await serve(t, (request, response) => {
    if (request.headers.range !== undefined) answer({})(request, response);
    else request.socket.end(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), FILE.subarray(0, 600)]));
  });
  const sink = new MemorySink();
  await download([transportTo(t, url).transport], "x", sink, { size });
  assert.deepEqual(sink.bytes, FILE);
  assert.equal(asked.length, 2);
});

test("the next source goes on where the first gave up, if a size vouches for the whole", async (t) => {
  const bad = await source(t, { cut: [100, 0] });
  const good = await source(t);
  const sink = new MemorySink();
  const events: string[] = [];
  const emit = (event: { event: string }) => events.push(event.event);
  const done = await download([bad.transport, good.transport], "x", sink, { size, attempts: 3, emit });
  assert.equal(done.status === "done" && done.transport, good.transport);
  assert.deepEqual(sink.bytes, FILE);
  assert.equal(bad.asked.length, 3);
  assert.deepEqual(good.ranges(), ["bytes=100-"]);
  assert.deepEqual(events, ["retry", "retry", "warning"]);

  const unsigned = new MemorySink();
  const other = await source(t, { cut: [100] });
  await download([other.transport, good.transport], "x", unsigned, { maxSize: 5000, attempts: 1 });
  assert.deepEqual(good.ranges()[1], undefined);
  assert.deepEqual(unsigned.bytes, FILE);
});

test("prefer is asked first", async (t) => {
  const [a, b] = [await source(t), await source(t)];
  await download([a.transport, b.transport], "x", new MemorySink(), { size, prefer: b.transport });
  assert.deepEqual([a.asked.length, b.asked.length], [0, 1]);
});

test("absent only if every source says so", async (t) => {
  const gone = await source(t, { status: 404 });
  const also = await source(t, { status: 410 });
  const refuses = await source(t, { status: 403 });
  const good = await source(t);
  const get = (...list: { transport: typeof gone.transport }[]) =>
    download(
      list.map(({ transport }) => transport),
      "x",
      new MemorySink(),
      { size },
    );
  assert.deepEqual(await get(gone, also), { status: "absent" });
  assert.equal((await get(gone, good)).status, "done");
  assert.equal((await get(refuses, good)).status, "done");
  await assert.rejects(get(gone, refuses), { code: "upstream_refused" });
  await assert.rejects(get(refuses, also), { code: "upstream_refused" });
});

for (const chunked of [false, true]) {
  const how = chunked ? "found while it is read" : "announced";
  test(`another size than was signed (${how}) gives way to the next source, then is the error`, async (t) => {
    const long = await source(t, { file: Buffer.concat([FILE, FILE]), chunked });
    const short = await source(t, { file: FILE.subarray(0, 10), chunked });
    const good = await source(t);
    for (const bad of [long, short]) {
      const sink = new MemorySink(size);
      await download([bad.transport, good.transport], "x", sink, { size });
      assert.deepEqual(sink.bytes, FILE);
    }
    for (const [bad, code, message] of [
      [long, "too_large", /./],
      [short, "digest_mismatch", /10 bytes where 1000 were signed/],
    ] as const) {
      const before = bad.asked.length;
      const sink = new MemorySink(size);
      await assert.rejects(download([bad.transport], "x", sink, { size }), { code, message });
      // A short body of unknown length may have broken off: only that is asked again.
      if (!chunked) assert.equal(bad.asked.length, before + 1);
      if (!chunked || bad === long) assert.equal(sink.have, 0);
    }
  });

  test(`a bound (${how}) is kept`, async (t) => {
    const { transport } = await source(t, { chunked });
    const sink = new MemorySink(999);
    await assert.rejects(download([transport], "x", sink, { maxSize: 999 }), { code: "too_large" });
    assert.equal(sink.have, 0);
  });
}

test("the connection of a refused size serves on", async (t) => {
  const { transport, sockets, asked } = await source(t, { file: Buffer.alloc(200_000) });
  for (let i = 0; i < 20; i++)
    await assert.rejects(download([transport], "x", new MemorySink(), { size }), { code: "too_large" });
  assert.equal(asked.length, 20);
  assert.ok(sockets.size <= 20);
});

test("an error of the sink is nobody's fault but its own, and lets go of the connection", async (t) => {
  const server = await serve(t, answer({ file: Buffer.alloc(1_000_000) }));
  const { transport } = transportTo(t, server.url, { connections: 1 });
  const other = await source(t);
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const early = Object.assign(new MemorySink(), { append: () => Promise.reject(full) });
  const late = Object.assign(new MemorySink(), {
    append: async (body: AsyncIterable<Uint8Array>) => {
      for await (const chunk of body) if (chunk.length > 0) throw full;
    },
  });
  for (const sink of [early, late, early])
    await assert.rejects(download([transport, other.transport], "x", sink, { size: 1_000_000 }), full);
  assert.deepEqual([server.asked.length, other.asked.length], [3, 0]);
});

test("an endless breaker is given up after the attempts", async (t) => {
  const { transport, asked } = await source(t, { cut: [1] });
  const sink = new MemorySink();
  const failing = download([transport], "x", sink, { size, attempts: 5 });
  await assert.rejects(failing, { code: "upstream_unreachable" });
  assert.equal(asked.length, 5);
  assert.equal(sink.have, 5);
});

test("an abort ends it at once, with its reason, and keeps what came", async (t) => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const { url, asked } = await serve(t, (_, response) => {
    response.writeHead(200, { "content-length": size }).write(FILE.subarray(0, 500));
  });
  const { transport } = transportTo(t, url);
  const sink = new MemorySink();
  const { signal } = stop;
  setTimeout(() => stop.abort(reason), 30);
  const events: string[] = [];
  const emit = (event: { event: string }) => events.push(event.event);
  await assert.rejects(download([transport, transport], "x", sink, { size, signal, emit }), reason);
  assert.deepEqual(events, []);
  await assert.rejects(download([transport], "x", new MemorySink(), { size, signal }), reason);
  assert.equal(asked.length, 1);
  assert.equal(sink.have, 500);
});

test("fresh reaches the server", async (t) => {
  const { transport, asked } = await source(t);
  await download([transport], "x", new MemorySink(), { size, fresh: true });
  assert.equal(asked[0]?.headers["cache-control"], "no-cache");
});

/** A source that gives these replies one after the other, whatever it is asked. */
function replying(...replies: readonly Partial<Extract<FetchReply, { status: "ok" }>>[]) {
  const asked: FetchRequest[] = [];
  const distrusted: string[] = [];
  const source: Transport = {
    name: "http://deb.example.org/",
    requests: 0,
    fetch(request) {
      const reply = replies[asked.push(request) - 1];
      return Promise.resolve({ status: "ok", start: 0, validators: {}, body: pieces(), ...reply });
    },
    distrust: async (from) => void distrusted.push(from),
    close: () => Promise.resolve(),
  };
  return { source, asked, distrusted };
}

async function* pieces(...parts: readonly (Buffer | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}

test("bytes of a doubtful answer that broke off stay doubtful when the rest has come", async () => {
  const { source } = replying(
    { doubtful: true, body: pieces(FILE.subarray(0, 400), new Error("broken")) },
    { start: 400, body: pieces(FILE.subarray(400)) },
  );
  const done = await download([source], "x", new MemorySink(), { size });
  assert.ok(done.status === "done");
  assert.equal(done.doubtful, true);
});

test("a doubtful answer that is too long is asked for again, alone, and where that is right, distrusted", async () => {
  const long = pieces(Buffer.concat([FILE, FILE]));
  const { source, asked, distrusted } = replying({ doubtful: true, body: long }, { body: pieces(FILE) });
  const sink = new MemorySink();
  const done = await download([source], "x", sink, { size });
  assert.ok(done.status === "done");
  assert.deepEqual([sink.bytes, done.doubtful], [FILE, undefined]);
  assert.deepEqual(
    asked.map(({ alone }) => alone),
    [undefined, true],
  );
  assert.deepEqual(distrusted, ["x"]);
});
