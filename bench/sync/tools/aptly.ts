import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runAll, type Run, type Tool } from "./tool.ts";

const ARCHITECTURE = "amd64";

/** `downloads` at a time: 4 by aptly's own default. */
export function aptly(downloads: number): Tool {
  return {
    name: `aptly, ${downloads} at a time`,
    needs: [{ program: "aptly", debian: "aptly" }],
    http: true,
    async prepare(place) {
      const config = join(place.folder, "aptly.conf");
      const root = join(place.folder, "aptly");
      const settings = { rootDir: root, architectures: [ARCHITECTURE], downloadConcurrency: downloads };
      await writeFile(config, JSON.stringify({ ...settings, gpgProvider: "internal" }));
      await mkdir(join(place.folder, ".gnupg"));
      await copyFile(place.upstream.archive.keyring.binary, join(place.folder, ".gnupg/trustedkeys.gpg"));
      const call = (...args: string[]): string[] => ["aptly", `-config=${config}`, ...args];
      let made = false;
      return {
        async update(): Promise<Run> {
          const create = call("mirror", "create", "m", `${place.upstream.http}/`, "stable", "main");
          const commands = [...(made ? [] : [create]), call("mirror", "update", "m")];
          made = true;
          return await runAll(place, ...commands);
        },
        // Without what costs it most: Contents files, bzip2, signatures.
        async publish(number) {
          const name = `s${number}`;
          const lean = ["-skip-signing", "-skip-contents", "-skip-bz2"];
          return await runAll(
            place,
            call("snapshot", "create", name, "from", "mirror", "m"),
            number === 1
              ? call("publish", "snapshot", ...lean, "-distribution=stable", name)
              : call("publish", "switch", ...lean, "stable", name),
          );
        },
      };
    },
  };
}
