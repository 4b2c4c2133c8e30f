import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { isPublicAddress } from "./addresses.ts";
import { AddressRefused, guardedLookup } from "./connectors.ts";

const answers =
  (...addresses: string[]): LookupFunction =>
  (_host, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

function look(lookup: LookupFunction, all: boolean): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup("cdn.example", { all }, (error, found) => (error === null ? resolve(found) : reject(error)));
  });
}

test("a name gives only its allowed addresses", async () => {
  const lookup = guardedLookup(isPublicAddress, answers("10.0.0.1", "8.8.8.8", "::1", "2a04:4e42::1"));
  assert.deepEqual(await look(lookup, true), [
    { address: "8.8.8.8", family: 4 },
    { address: "2a04:4e42::1", family: 6 },
  ]);
  assert.equal(await look(lookup, false), "8.8.8.8");
});

test("a name with no allowed address is refused, naming one", async () => {
  const lookup = guardedLookup(isPublicAddress, answers("169.254.169.254"));
  for (const all of [true, false]) {
    await assert.rejects(look(lookup, all), (error) => {
      assert.ok(error instanceof AddressRefused);
      assert.equal(error.address, "169.254.169.254");
      return true;
    });
  }
});

test("each lookup is judged anew, so a name that turns inside is refused", async () => {
  const turns = ["8.8.8.8", "127.0.0.1"];
  const lookup = guardedLookup(isPublicAddress, (host, options, callback) =>
    answers(turns.shift() ?? "")(host, options, callback),
  );
  await look(lookup, true);
  await assert.rejects(look(lookup, true), AddressRefused);
});

test("an error of DNS is passed on", async () => {
  const fails: LookupFunction = (_host, _options, callback) =>
    callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
  await assert.rejects(look(guardedLookup(isPublicAddress, fails), true), { code: "ENOTFOUND" });
});
