import { join } from "node:path";
import { copyOfLinks, runAll, type Tool } from "./tool.ts";

export const debmirror: Tool = {
  name: "debmirror",
  needs: [{ program: "debmirror", debian: "debmirror" }],
  http: true,
  async prepare(place) {
    const mirror = join(place.folder, "mirror");
    const { archive, http } = place.upstream;
    const { host } = new URL(http);
    const command = [
      "debmirror",
      "--method=http",
      `--host=${host}`,
      "--root=/",
      "--dist=stable",
      "--section=main",
      "--arch=amd64",
      "--nosource",
      "--rsync-extra=none",
      "--diff=none",
      `--keyring=${archive.keyring.binary}`,
      mirror,
    ];
    return {
      update: async () => await runAll(place, command),
      publish: async (number) => await copyOfLinks(place, mirror, number),
    };
  },
};
