import { equal } from "node:assert/strict";
import { aptSource } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import type { StaticServer } from "../../servers/static.ts";
import type { AptOptions, AptRepository } from "../../upstreams/apt.ts";
import type { Generation } from "./generations.ts";
import { assertSynced, clientComponents, mirrorOf, openLab } from "./lab.ts";
import type { Lab } from "./lab.ts";

/** A mirror `m` of an upstream, synced and served. */
export interface Mirrored {
  readonly upstream: AptRepository;
  readonly server: StaticServer;
  readonly site: SluiceSite;
  /** Of `latest`. */
  readonly url: string;
  /** The script of its set-up. */
  script(): Promise<string>;
}

/** What the rules are run with: one apt, any upstream. */
export interface Bench {
  readonly lab: Lab;
  readonly generation: Generation;
  mirror(
    options?: Partial<AptOptions>,
    more?: object,
    odd?: (server: StaticServer) => void,
  ): Promise<Mirrored>;
  /** A host with a plain source of the mirror, as people write it. */
  plain(mirrored: Mirrored, more?: readonly string[]): Promise<AptClient>;
  /** A host with what Sluice sets up. */
  setUp(mirrored: Mirrored): Promise<AptClient>;
  host(): Promise<AptClient>;
}

export async function openBench(generation: Generation): Promise<Bench> {
  const lab = await openLab();
  const host = async (): Promise<AptClient> => await lab.apt({ system: generation.system });
  return {
    lab,
    generation,
    host,
    async mirror(options = {}, more = {}, odd = () => undefined) {
      const upstream = await lab.upstream(options);
      const server = await lab.server(upstream.root);
      odd(server);
      const site = await lab.site();
      await site.configure({ m: mirrorOf(upstream, server.url, { ...more }) });
      assertSynced(await site.sync("m"), "updated");
      const served = lab.cleanup.use(await site.serve());
      return {
        upstream,
        server,
        site,
        url: `${served.url}/m/latest`,
        script: async () => await (await fetch(`${served.url}/_/setup/m/latest`)).text(),
      };
    },
    async plain({ url, upstream }, more = []) {
      const apt = await host();
      const [suite = ""] = upstream.state.suites;
      await apt.source(aptSource(url, suite, clientComponents(upstream), lab.vendor.armoured, more));
      return apt;
    },
    async setUp(mirrored) {
      const apt = await host();
      const ran = await apt.setUp(await mirrored.script());
      equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
      return apt;
    },
  };
}
