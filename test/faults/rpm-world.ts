import { readFile } from "node:fs/promises";
import { dnfClient } from "../clients/dnf.ts";
import { clean } from "../clients/rpm-root.ts";
import { mirrorOf, openLab, skipRpm } from "../e2e/rpm/lab.ts";
import { needs } from "../needs.ts";
import type { RpmSpec } from "../upstreams/rpm-package.ts";
import { rpmPath } from "../upstreams/rpm.ts";
import type { World, WorldKind, WorldSize } from "./world.ts";

/** A signed repository whose packages of odd number go from version 1 to 2. */
export const rpmWorld: WorldKind = { ecosystem: "rpm", skip: skipRpm || needs("dnf"), open };

const part = (at: number, version: string, bytes: number): RpmSpec => ({
  name: `part${at}`,
  version: at % 2 === 1 ? version : "1",
  bytes,
});

async function open({ packages, bytesEach }: WorldSize): Promise<World> {
  const lab = await openLab();
  const state = (version: string) =>
    Array.from({ length: packages }, (_, at) => part(at, version, bytesEach));
  const old = await lab.upstream({ packages: state("1") });
  const now = await lab.fork(old);
  await now.publish({ packages: state("2") });
  return {
    ecosystem: "rpm",
    states: { old: old.root, new: now.root },
    async later(count) {
      const made = [now];
      for (let nth = 0; nth < count; nth++) {
        const next = await lab.fork(made[nth] ?? now);
        await next.publish({ packages: state(String(3 + nth)) });
        made.push(next);
      }
      return made.slice(1).map(({ root }) => root);
    },
    ownPackage: { old: rpmPath(part(1, "1", 0)), new: rpmPath(part(1, "2", 0)) },
    mirror: (url, more) => mirrorOf(old, url, more),
    async client(base) {
      await using dnf = await dnfClient();
      const key = `/etc/pki/rpm-gpg/vendor`;
      await dnf.write([
        { path: key, content: await readFile(lab.vendor.armoured, "utf8") },
        {
          path: "/etc/yum.repos.d/test.repo",
          content: `[test]\nname=test\nbaseurl=${base}/\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://${key}\n`,
        },
      ]);
      clean(await dnf.install("part1"));
      return (await dnf.installed()).includes("part1-0:1-1") ? "old" : "new";
    },
    async [Symbol.asyncDispose]() {
      await lab.cleanup.run();
    },
  };
}
