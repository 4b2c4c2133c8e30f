import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainEnv } from "../../../test/run.ts";
import { peakOf } from "../../peak.ts";
import { runAll, type Tool } from "./tool.ts";

const SLUICE = join(import.meta.dirname, "../../../bin/sluice");

/** By default with what Sluice itself takes for polite. */
export function sluice(network?: { connections: number; pipelining: number }): Tool {
  const name = network === undefined ? "sluice" : `sluice, ${network.connections} × ${network.pipelining}`;
  return {
    name,
    needs: [],
    http: true,
    async prepare(place) {
      const { folder, upstream, limitMs } = place;
      const config = join(folder, "sluice.yaml");
      await copyFile(upstream.archive.keyring.armoured, join(folder, "key.asc"));
      const mirror = {
        ecosystem: "apt",
        upstream: upstream.http,
        suites: ["stable"],
        components: ["main"],
        architectures: ["amd64"],
        keyring: "key.asc",
        ...network,
      };
      const site = {
        data: join(folder, "data"),
        ...(network && { "connections-per-host": network.connections }),
        mirrors: { m: mirror },
      };
      await writeFile(config, JSON.stringify(site));
      const call = (...args: string[]): string[] => [SLUICE, "--config", config, ...args];
      return {
        async update() {
          let committing: number | undefined;
          const onLine = (line: string): void => {
            if (line.includes('"phase":"commit"')) committing = performance.now();
          };
          const [program = "", ...args] = call("sync", "--json");
          const env = plainEnv({ HOME: folder });
          const peak = await peakOf(program, args, env, { cwd: folder, limitMs, onLine });
          const commit = committing === undefined ? undefined : (performance.now() - committing) / 1000;
          return { ...peak, commit };
        },
        // A sync makes the snapshot and its tree; what is left is the switch.
        publish: async () => await runAll(place, call("promote", "latest", "stable", "--yes")),
      };
    },
  };
}
