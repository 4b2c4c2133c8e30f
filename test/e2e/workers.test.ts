import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { addSnapshot, ask, point } from "../../src/serve/site.test-helper.ts";
import { startWorkers, type WorkersOptions, type WorkersServer } from "../../src/serve/workers.ts";
import { openDirectoryStore } from "../../src/store/directory/open.ts";
import { sluiceSite } from "../clients/sluice.ts";
import { Cleanup } from "../temp.ts";

const ID = "20261101T000000Z";
const BIG = Buffer.alloc(20 * 2 ** 20, "0123456789abcdef");
const BIG_URL = "/debian/stable/pool/big.deb";
const SMALL_URL = "/debian/stable/pool/small.deb";

interface Team {
  readonly server: WorkersServer;
  readonly url: string;
  /** Pieces of the log as they came. */
  readonly log: string[];
  readonly notes: string[];
}

describe("several workers", () => {
  const cleanup = new Cleanup();
  let data = "";

  before(async () => {
    data = join(await cleanup.folder("workers"), "data");
    const store = await openDirectoryStore(data);
    const files = { "pool/big.deb": { bytes: BIG }, "pool/small.deb": { bytes: "small" } };
    await addSnapshot(store, "debian", ID, files);
    await point(store, "stable", { debian: ID }, Date.now());
    await store.close();
  });
  after(() => cleanup.run());

  async function start(t: TestContext, options: Partial<WorkersOptions> = {}): Promise<Team> {
    const log: string[] = [];
    const notes: string[] = [];
    const server = await startWorkers({
      data,
      graceMs: 0,
      url: undefined,
      format: "combined",
      limits: {},
      count: 2,
      listen: { host: "127.0.0.1", port: 0 },
      log: (text) => void log.push(text),
      note: (sentence) => void notes.push(sentence),
      ...options,
    });
    t.after(() => server.close());
    return { server, url: server.url, log, notes };
  }

  const metric = async (url: string, name: string): Promise<number> => {
    const page = (await ask(url, "/_/metrics")).body.toString();
    return [...page.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  };

  test("both answer, on one port; the log has each request once, on a line of its own; metrics are of both", async (t) => {
    const { server, url, log } = await start(t);
    assert.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    assert.equal(server.pids().length, 2);
    const before = await Promise.all(server.pids().map(cpuTicks));
    const paths = Array.from({ length: 800 }, (_, at) => `${SMALL_URL}?${at}`);
    let asked = 0;
    let used = before;
    const isIdle = (): boolean => used.some((ticks, at) => ticks === before[at]);
    // On a busy machine the one that is awake may take all connections for a while.
    for (let round = 0; round < 10 && isIdle(); round++) {
      const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
      await Promise.all(
        agents.map(async (agent, nth) => {
          for (const path of paths.filter((_, at) => at % agents.length === nth))
            await fetchBy(agent, url + path);
        }),
      );
      asked += paths.length;
      for (const agent of agents) agent.destroy();
      used = await Promise.all(server.pids().map(cpuTicks));
    }
    assert.ok(!isIdle(), `${before.join()} then ${used.join()}`);
    assert.equal(await metric(url, 'sluice_http_requests_total\\{mirror="debian".*'), asked);
    assert.equal(await metric(url, "sluice_http_workers"), 2);
    await server.close();
    assert.ok(log.every((piece) => piece.endsWith("\n")));
    const lines = log.join("").split("\n").slice(0, -1);
    const wanted = /^127\.0\.0\.1 - - \[[^\]]+\] "GET \S+ HTTP\/1\.1" 200 \d+ "-" "-"$/;
    assert.deepEqual(
      lines.filter((line) => !wanted.test(line)),
      [],
    );
    assert.equal(lines.filter((line) => line.includes(SMALL_URL)).length, asked);
  });

  test("a worker that is killed is replaced; the others go on, and nothing that was counted is lost", async (t) => {
    const { server, url, notes } = await start(t);
    const [victim = 0, other = 0] = server.pids();
    for (let at = 0; at < 20; at++) assert.equal((await ask(url, SMALL_URL)).status, 200);
    const counted = await metric(url, "sluice_http_requests_total");
    process.kill(victim, "SIGKILL");
    for (let at = 0; at < 20; at++) assert.equal((await ask(url, SMALL_URL)).status, 200);
    await until(() => server.pids().length === 2 && !server.pids().includes(victim));
    assert.ok(server.pids().includes(other));
    assert.match(notes[0] ?? "", /^A worker has ended \(SIGKILL\); another takes its place\.$/);
    assert.equal(await metric(url, "sluice_http_worker_restarts_total"), 1);
    assert.ok((await metric(url, "sluice_http_requests_total")) >= counted + 20);
    assert.equal((await ask(url, "/_/healthz")).body.toString(), "ok\n");
  });

  test("all workers killed at once: the port stays, and clients are answered again", async (t) => {
    const { server, url } = await start(t);
    const old = server.pids();
    for (const pid of old) process.kill(pid, "SIGKILL");
    await until(() => server.pids().length === 2 && server.pids().every((pid) => !old.includes(pid)));
    assert.equal((await ask(url, SMALL_URL)).status, 200);
  });

  test("a worker that hangs makes the health bad, and is replaced", async (t) => {
    const { server, url, notes } = await start(t, { times: { pingMs: 3000, hungMs: 1500 } });
    const [victim = 0] = server.pids();
    process.kill(victim, "SIGSTOP");
    const health = await Promise.any(
      Array.from(
        { length: 4 },
        async () =>
          await ask(url, "/_/healthz").then((reply) => {
            if (reply.status === 200) throw new Error("healthy");
            return reply;
          }),
      ),
    );
    assert.deepEqual([health.status, health.body.toString()], [503, "1 of 2 workers answer\n"]);
    await until(() => server.pids().length === 2 && !server.pids().includes(victim));
    assert.match(notes[0] ?? "", /did not answer for 1\.5 s/);
    await until(async () => (await ask(url, "/_/healthz")).status === 200);
  });

  test("workers are replaced one by one with no request refused, and running answers come to their end", async (t) => {
    const { server, url, notes } = await start(t);
    const old = server.pids();
    const slow = await slowDownload(url, BIG_URL);
    const shared = { data, graceMs: 0, url: undefined, format: "none", limits: {} } as const;
    const reloaded = new AbortController();
    const statuses = new Set<number>();
    const asking = (async () => {
      while (!reloaded.signal.aborted) statuses.add((await ask(url, SMALL_URL)).status);
    })();
    await server.reload(shared);
    reloaded.abort();
    await asking;
    assert.deepEqual([...statuses], [200]);
    assert.ok(server.pids().length === 2 && server.pids().every((pid) => !old.includes(pid)));
    assert.ok((await slow.rest()).endsWith(BIG.subarray(-1000).toString()));
    assert.deepEqual(notes, []);
    assert.equal(await metric(url, "sluice_http_worker_restarts_total"), 0);
  });

  test("an address that is taken, or a store that is none, is told before anything runs", async (t) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(start(t, { listen: { host: "127.0.0.1", port } }), { code: "address_in_use" });
    await assert.rejects(start(t, { data: "/nowhere" }), { code: "store_unusable" });
  });

  test("limits of connections are shared out, memory too", async (t) => {
    const { url } = await start(t, { limits: { connections: 4 } });
    const open = await Promise.all(Array.from({ length: 12 }, () => connection(url)));
    await until(() => open.filter((socket) => socket.closed).length >= 8);
    for (const socket of open) socket.destroy();
    await until(async () => {
      const answered = await ask(url, "/_/metrics").catch(() => undefined);
      return /^sluice_http_connections_refused_total\{cause="full"\} \d+$/m.test(String(answered?.body));
    });
  });

  test("`sluice serve --workers 2`: one line says where, and a signal to the whole group ends it well", async () => {
    await using site = await sluiceSite();
    await site.configure({});
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const served = await site.serve("--workers", "2");
      const workers = await childrenOf(served.pid);
      assert.equal(workers.length, 2);
      for (let at = 0; at < 3; at++) await ask(served.url, "/");
      // As a terminal does, to the whole group.
      for (const pid of [...workers, served.pid]) process.kill(pid, signal);
      const { code, stdout, stderr } = await served.done;
      assert.deepEqual([code, stderr], [0, ""]);
      assert.equal(stdout.match(/http:\/\//g)?.length, 1);
      assert.match(stdout.split("\n")[0] ?? "", /^Serving \S+ on http:\/\/127\.0\.0\.1:\d+$/);
      assert.equal(stdout.match(/"GET \/ HTTP/g)?.length, 3);
      await until(async () => (await alive(workers)).length === 0);
    }
  });

  test("workers do not outlive the process that leads them, and SIGHUP makes them read the config", async () => {
    await using site = await sluiceSite();
    await site.configure({}, { workers: 2 });
    const served = await site.serve("--json");
    const workers = await childrenOf(served.pid);
    assert.equal(workers.length, 2);
    process.kill(served.pid, "SIGHUP");
    await until(async () => (await alive(workers)).length === 0);
    let fresh: number[] = [];
    await until(async () => (fresh = await childrenOf(served.pid)).length === 2);
    await ask(served.url, "/");
    process.kill(served.pid, "SIGKILL");
    const { stdout } = await served.done;
    assert.equal(JSON.parse(stdout.split("\n")[0] ?? "").event, "listening");
    await until(async () => (await alive(fresh)).length === 0);
  });

  for (const count of ["0", "65"]) {
    test(`--workers ${count} is refused`, async () => {
      await using site = await sluiceSite();
      await site.configure({});
      const ran = await site.run("serve", `--workers=${count}`);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, /--workers takes a number from 1 to 64/);
    });
  }
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

async function fetchBy(agent: Agent, url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once("end", resolve);
    }).once("error", reject);
  });
}

/** Begins a download and takes nothing more of it until `rest` is called. */
async function slowDownload(url: string, path: string): Promise<{ rest(): Promise<string> }> {
  const socket = await connection(url);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const first = await new Promise<string>((resolve) =>
    socket.once("data", (chunk: Buffer) => resolve(String(chunk))),
  );
  socket.pause();
  assert.match(first, /^HTTP\/1\.1 200 /);
  return {
    async rest() {
      let text = first;
      for await (const chunk of socket) text += String(chunk);
      return text;
    },
  };
}

async function connection(url: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.resume();
  return socket;
}

async function cpuTicks(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(" ");
  return Number(fields[13]) + Number(fields[14]);
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").map(Number);
}

async function alive(pids: readonly number[]): Promise<number[]> {
  const found = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "Z")),
  );
  return pids.filter((_, at) => !/\) Z|^Z/.test(found[at] ?? ""));
}
