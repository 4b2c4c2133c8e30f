import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { needs } from "../../../test/needs.ts";
import { Cleanup } from "../../../test/temp.ts";
import { hostWith, NAMES, others, PLACES, run, state, wanted, without } from "./install.test-helper.ts";

const [DEBIAN, COPY] = PLACES.map((place) => `http://${place}`);

const ONE_LINE = {
  "sources.list": [
    "# the archive",
    `deb ${DEBIAN} trixie main contrib non-free # all of it`,
    `deb-src ${DEBIAN}/ trixie main contrib`,
    `\tdeb [ arch=amd64,i386 lang=none ]  https://user@deb.example.org/debian/ trixie main contrib`,
    `deb [arch+=i386 arch-=amd64] ${DEBIAN} trixie updates/contrib`,
    `deb ${DEBIAN} trixie-updates main`,
    `deb [arch=arm64] ${DEBIAN} trixie main`,
    `deb ${DEBIAN} bookworm main`,
    `deb ${DEBIAN} ./`,
    "",
    `#deb ${DEBIAN} trixie main`,
    "deb http://other.example.org/debian trixie main",
    `deb ${DEBIAN} stable main contrib\r`,
    `deb ${DEBIAN} trixie-backports contrib`,
  ].join("\n"),
  "sources.list.d/vendor.list": "deb https://vendor.example.org/linux stable main",
};

const DEB822 = {
  "sources.list.d/debian.sources": [
    "# made by hand",
    "",
    "types: deb deb-src",
    `URIs: ${COPY} http://other.example.org/debian`,
    "Suites: trixie",
    " trixie-updates",
    "# not all",
    " trixie-backports",
    "Components: main contrib",
    "Enabled:",
    " yes",
    "Signed-By:",
    " -----BEGIN PGP PUBLIC KEY BLOCK-----",
    " .",
    " -----END PGP PUBLIC KEY BLOCK-----",
    "",
    "",
    "Types: deb",
    `URIs: ${COPY}`,
    "Suites: stable",
    "Components: main non-free",
    "Architectures: amd64 i386",
    "",
    "Enabled: no",
    "Types: deb",
    `URIs: ${COPY}`,
    "Suites: trixie",
    "Components: main",
    "",
    "# a flat one",
    "Types: deb",
    `URIs: ${COPY}`,
    "Suites: ./",
    "Architectures-Add: i386",
    "",
    "",
  ].join("\n"),
  "sources.list.d/vendor.sources":
    "Types: deb\nURIs: https://vendor.example.org/linux\nSuites: stable\nComponents: main",
};

describe("the set-up script on a host", { skip: needs("apt-get", "dpkg") }, () => {
  const cleanup = new Cleanup();
  after(async () => await cleanup.run());
  const files = { ...ONE_LINE, ...DEB822 };

  for (const mirror of NAMES) {
    test(`${mirror}: apt goes on asking for exactly what the mirror does not have`, async () => {
      const host = await hostWith(cleanup, files);
      const [before, all] = [await state(host), await wanted(host)];
      assert.ok(PLACES.every((place) => all.filter((target) => target.startsWith(place)).length > 10));
      await run(host, mirror);
      const left = await wanted(host);
      assert.deepEqual(left, without(all, [mirror]));
      assert.ok(left.length < all.length);
      const after = await state(host);
      assert.match(await run(host, mirror), /was set up already/);
      assert.deepEqual(await state(host), after);
      await run(host, mirror, "--undo");
      assert.deepEqual(await state(host), before);
    });
  }

  for (const order of [NAMES, ["contrib", "whole", "main", "updates"] as const]) {
    test(`several mirrors, taken back in the order ${order.join(", ")}`, async () => {
      const host = await hostWith(cleanup, files);
      const [before, all] = [await state(host), await wanted(host)];
      for (const mirror of NAMES) await run(host, mirror);
      assert.deepEqual(await wanted(host), without(all, NAMES));
      const [first, second, third, last] = order;
      await run(host, first, "--undo");
      await run(host, second, "--undo");
      assert.deepEqual(await wanted(host), without(all, order.slice(2)));
      await run(host, third, "--undo");
      const fresh = await hostWith(cleanup, files);
      await run(fresh, last);
      assert.deepEqual(await others(host), await others(fresh));
      await run(host, last, "--undo");
      assert.deepEqual(await state(host), before);
    });
  }
});
