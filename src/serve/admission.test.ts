import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { clientOf, limitConnections } from "./admission.ts";
import { Tally } from "./metrics.ts";

test("whom a connection is counted for", () => {
  assert.equal(clientOf("192.0.2.7"), "192.0.2.7");
  assert.equal(clientOf("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(clientOf("2001:db8:1:2:3::4"), clientOf("2001:db8:1:2::9"));
  assert.notEqual(clientOf("2001:db8:1:2::9"), clientOf("2001:db8:1:3::9"));
  for (const own of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    assert.equal(clientOf(own), undefined);
  assert.equal(clientOf(""), "");
});

function limited(limits: { connections: number; perClient: number | undefined }) {
  const server = createServer();
  // Without the listener of HTTP, which wants real sockets.
  server.removeAllListeners("connection");
  const tally = new Tally();
  limitConnections(server, limits, tally);
  const open = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), { remoteAddress, ended: false, destroy: () => {} });
    socket.destroy = () => {
      if (socket.ended) return;
      socket.ended = true;
      socket.emit("close");
    };
    server.emit("connection", socket);
    return socket;
  };
  return { open, tally };
}

test("one client has so many connections and no more, until one of them ends", () => {
  const { open, tally } = limited({ connections: 100, perClient: 2 });
  const [one, two, three] = [open("192.0.2.1"), open("::ffff:192.0.2.1"), open("192.0.2.1")];
  assert.deepEqual([one.ended, two.ended, three.ended], [false, false, true]);
  assert.equal(open("192.0.2.2").ended, false);
  for (let at = 0; at < 5; at++) assert.equal(open("127.0.0.1").ended, false);
  one.destroy();
  assert.deepEqual([open("192.0.2.1").ended, open("192.0.2.1").ended], [false, true]);
  assert.deepEqual(tally.totals().counts, { "refused\nclient": 2 });
});

test("all clients together have so many", () => {
  const { open, tally } = limited({ connections: 3, perClient: undefined });
  const all = Array.from({ length: 5 }, (_, at) => open(at % 2 === 0 ? "127.0.0.1" : `192.0.2.${at}`));
  assert.deepEqual(
    all.map(({ ended }) => ended),
    [false, false, false, true, true],
  );
  all[0]?.destroy();
  assert.equal(open("192.0.2.9").ended, false);
  assert.deepEqual(tally.totals().counts, { "refused\nfull": 2 });
});
