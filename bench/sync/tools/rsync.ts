import { join } from "node:path";
import { copyOfLinks, runAll, type Tool } from "./tool.ts";

export const rsync: Tool = {
  name: "rsync",
  needs: [{ program: "rsync", debian: "rsync" }],
  http: false,
  async prepare(place) {
    const mirror = join(place.folder, "mirror");
    const source = place.upstream.rsync ?? "";
    return {
      update: async () => await runAll(place, ["rsync", "-a", "--delete", source, mirror]),
      publish: async (number) => await copyOfLinks(place, mirror, number),
    };
  },
};
