import { aptSource, clean } from "../clients/apt.ts";
import type { AptRepository } from "../upstreams/apt.ts";
import { mirrorOf, openLab, skipApt } from "../e2e/apt/lab.ts";
import type { World, WorldKind, WorldSize } from "./world.ts";

/** A Debian-like archive whose packages of odd number go from version 1 to 2. */
export const aptWorld: WorldKind = { ecosystem: "apt", skip: skipApt, open };

const YEAR_MS = 365 * 86_400_000;

async function open({ packages, bytesEach }: WorldSize): Promise<World> {
  const lab = await openLab();
  const state = (version: string) =>
    Array.from({ length: packages }, (_, at) => ({
      name: `part${at}`,
      version: at % 2 === 1 ? version : "1",
      sizeBytes: bytesEach,
    }));
  const old = await lab.upstream({
    packages: state("1"),
    perArchRelease: false,
    binaryAll: false,
    validUntil: Date.now() + YEAR_MS,
  });
  const now = await lab.fork(old);
  await now.publish({ packages: state("2") }, { keepByHash: false });
  return {
    ecosystem: "apt",
    states: { old: old.root, new: now.root },
    async later(count) {
      const made: AptRepository[] = [];
      for (let nth = 0; nth < count; nth++) {
        const next = await lab.fork(made.at(-1) ?? now);
        await next.publish({ packages: state(String(3 + nth)) }, { keepByHash: false });
        made.push(next);
      }
      return made.map(({ root }) => root);
    },
    ownPackage: { old: "pool/main/p/part1/part1_1_amd64.deb", new: "pool/main/p/part1/part1_2_amd64.deb" },
    mirror: (url, more) => mirrorOf(old, url, more),
    async client(base) {
      await using apt = await lab.apt();
      await apt.source(aptSource(base, "trixie", "main", lab.vendor.armoured));
      clean(await apt.update());
      clean(await apt.install("part1"));
      return (await apt.installed())["part1"] === "1" ? "old" : "new";
    },
    async [Symbol.asyncDispose]() {
      await lab.cleanup.run();
    },
  };
}
