import type { z } from "zod";
import type { Bandwidth } from "../upstream/bandwidth.ts";
import type { networkShape, tls as tlsKeys } from "./network-keys.ts";
import type { Resolve } from "./trust-keys.ts";
import type { NetworkConfig, TlsConfig } from "./types.ts";

type NetworkInput = z.output<z.ZodObject<typeof networkShape>> & { bandwidth?: Bandwidth | undefined };

export function networkOf(values: NetworkInput): NetworkConfig {
  return {
    redirectHosts: values["redirect-hosts"],
    ...(values.bandwidth === undefined ? {} : { bandwidth: values.bandwidth }),
    ...(values.connections === undefined ? {} : { connections: values.connections }),
    ...(values.pipelining === undefined ? {} : { pipelining: values.pipelining }),
    ...(values.retries === undefined ? {} : { retries: values.retries }),
    ...(values.timeout === undefined ? {} : { timeoutSeconds: timeouts(values.timeout / 1000) }),
  };
}

function timeouts(seconds: number): NonNullable<NetworkConfig["timeoutSeconds"]> {
  return { connect: seconds, headers: seconds, body: seconds };
}

export function tlsOf(tls: z.output<typeof tlsKeys> | undefined, at: Resolve): TlsConfig | undefined {
  if (tls === undefined) return undefined;
  return {
    ...(tls.ca === undefined ? {} : { ca: at(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: at(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: at(tls.key) }),
  };
}
