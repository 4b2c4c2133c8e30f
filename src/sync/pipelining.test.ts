import assert from "node:assert/strict";
import { test } from "node:test";
import { ok, rawServer, type Seen } from "../upstream/raw-server.test-helper.ts";
import { transportTo } from "../upstream/server.test-helper.ts";
import { hash, publish, rig, START } from "./rig.test-helper.ts";

const FILES = 60;

type Arrange = (answers: readonly string[]) => readonly string[];

/** What a server does that does not bear requests ahead of answers. */
interface Fault {
  readonly name: string;
  readonly answer?: (body: string, seen: Seen) => string | undefined;
  readonly arrange?: Arrange;
  /** All files have the same size, so that only digests tell them apart. */
  readonly alike?: true;
}

const plain = (body: string): string => ok(body);
const reversed: Arrange = (answers) => answers.toReversed();
const shifted: Arrange = (answers) => answers.map((_, at) => answers[Math.max(0, at - 1)] ?? "");

const FAULTS: readonly Fault[] = [
  { name: "that answers in another order", arrange: reversed },
  { name: "that answers in another order, files of one size", arrange: reversed, alike: true },
  { name: "that answers one request twice", arrange: shifted, alike: true },
  { name: "that forgets one", arrange: (answers) => (answers.length > 1 ? answers.slice(1) : answers) },
  {
    name: "that closes after seven answers, without a word",
    answer(body, { socket, paths }) {
      if (paths.length === 7) setImmediate(() => socket.destroy());
      return paths.length > 7 ? undefined : ok(body);
    },
  },
  {
    name: "that sends more than it says, a whole answer among it",
    answer: (body, { before }) => (before === 0 ? ok(body) : `${ok(body)}${ok("wrong")}`),
  },
];

for (const { name, answer = plain, arrange, alike } of FAULTS)
  test(`a server ${name}: every file comes, and is what was signed`, async (t) => {
    const site = rig();
    const packages = Object.fromEntries(
      Array.from({ length: FILES }, (_, at) => [
        `file${at}`,
        `${at}`.padEnd(alike === true ? 100 : 100 + at, "."),
      ]),
    );
    publish(site.upstream, START - 1000, packages);
    const server = await rawServer(
      t,
      (path, seen) => answer(site.upstream.files.get(path.slice(1))?.toString() ?? "", seen),
      arrange,
    );
    const { transport, events } = transportTo(t, server.url, {
      connections: 2,
      pipelining: 8,
      timeoutSeconds: { headers: 0.3 },
    });
    const outcome = await site.sync({ sources: [transport], parallel: 16 });
    assert.equal(outcome.result, "updated");
    for (const content of Object.values(packages))
      assert.notEqual(await site.site.store.statBlob(hash(content)), undefined);
    assert.ok(server.most() > 1, "some went ahead");
    assert.ok(server.asked.length <= 2 * FILES, `asked ${server.asked.length} times`);
    const notices = events.filter((event) => event.event === "warning");
    assert.ok(notices.length <= 1, "it is said once at most");
  });
