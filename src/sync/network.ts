import type { Emit } from "../base/events.ts";
import { loadSecrets } from "../config/secrets.ts";
import type { MirrorConfig, SiteNetwork } from "../config/types.ts";
import type { Bandwidth } from "../upstream/bandwidth.ts";
import { createBucket, type Bucket, type Timing } from "../upstream/bucket.ts";
import type { Transport } from "../upstream/contract.ts";
import { createConnections } from "../upstream/http/connections.ts";
import { openTransport } from "../upstream/open.ts";
import { throttled } from "../upstream/throttle.ts";
import { userAgent } from "../upstream/user-agent.ts";

/** The way to the upstreams, shared by all mirrors of this process: its bandwidth, and the connections to each host. */
export interface Network {
  /** Transports of a mirror, in the order of its config. Throws `credentials` and `config_invalid`. */
  open(mirror: Reached, emit: Emit): Promise<Transport[]>;
}

/** What is asked over the network: a mirror, or another site. */
export type Reached = Pick<MirrorConfig, "name" | "upstream" | "network" | "auth" | "tls"> & {
  /** In messages; `Mirror 'name'` by default. */
  readonly owner?: string;
};

/** The network of a site; one for each process, since processes know nothing of each other. */
export function createNetwork(site: SiteNetwork, timing?: Timing): Network {
  const all = buckets(site.bandwidth, timing);
  const shared = createConnections(site.connectionsPerHost);
  const agent = userAgent(site.contact);
  return {
    async open(mirror, emit) {
      const secrets = await loadSecrets(mirror, process.env, mirror.owner);
      const { bandwidth = [], ...network } = mirror.network;
      // A mirror's own limit first: what waits there must not have taken from the others.
      const limits = [...buckets(bandwidth, timing), ...all];
      return mirror.upstream.map((url) => {
        const options = { ...network, ...secrets, emit, shared, userAgent: agent };
        const transport = openTransport(url, options);
        return /^file:/i.test(url) ? transport : throttled(transport, limits);
      });
    },
  };
}

function buckets(bandwidth: Bandwidth, timing: Timing | undefined): Bucket[] {
  return bandwidth.length === 0 ? [] : [createBucket(bandwidth, timing)];
}
