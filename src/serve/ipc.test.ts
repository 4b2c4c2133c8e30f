import assert from "node:assert/strict";
import { test } from "node:test";
import { SluiceError } from "../base/errors.ts";
import { peer, type Channel, type Handlers } from "./ipc.ts";

/** Two ends whose messages are copied, as between processes. */
function connected(left: Handlers, right: Handlers) {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const end = (own: number): Channel => ({
    send: (message) => {
      const copy: unknown = JSON.parse(JSON.stringify(message));
      setImmediate(() => listeners[1 - own]?.forEach((listener) => listener(copy)));
    },
    onMessage: (listener) => void listeners[own]?.push(listener),
  });
  return [peer(end(0), left), peer(end(1), right)] as const;
}

test("both ends ask and are answered, many at a time", async () => {
  const [a, b] = connected(
    { double: (value) => 2 * (value as number) },
    { greet: async (name) => `Hello ${String(name)}`, nothing: () => undefined },
  );
  assert.equal(await a.call("greet", "you", 1000), "Hello you");
  const all = await Promise.all([1, 2, 3].map((value) => b.call("double", value, 1000)));
  assert.deepEqual(all, [2, 4, 6]);
  assert.equal(await a.call("nothing", undefined, 1000), undefined);
  assert.equal(await a.call("constructor", undefined, 1000), undefined);
});

test("an error keeps its code; a stack does not travel", async () => {
  const [a] = connected(
    {},
    {
      known: () => {
        throw new SluiceError("address_in_use", "Taken.");
      },
      unknown: () => Promise.reject(new TypeError("x is not a function")),
    },
  );
  await assert.rejects(a.call("known", undefined, 1000), { code: "address_in_use", message: "Taken." });
  await assert.rejects(a.call("unknown", undefined, 1000), { code: "internal" });
});

test("no answer is an error, after the time or at the end of the other", async () => {
  const [a] = connected({}, { never: () => new Promise(() => undefined) });
  await assert.rejects(a.call("never", undefined, 5), /no answer to never/);
  const waiting = a.call("never", undefined, 60_000);
  a.end();
  await assert.rejects(waiting, /has ended/);
});

test("what is told is heard, and what others send is left alone", async () => {
  const heard: unknown[] = [];
  const [a, b] = connected({}, { note: (text) => void heard.push(text) });
  a.tell("note", "one");
  await b.call("none", undefined, 1000);
  await a.call("none", undefined, 1000);
  assert.deepEqual(heard, ["one"]);
  let listener: (message: unknown) => void = () => undefined;
  peer({ send: () => assert.fail("answered"), onMessage: (one) => (listener = one) }, {});
  for (const message of [null, "x", {}, { cmd: "NODE_CLUSTER" }]) listener(message);
});
