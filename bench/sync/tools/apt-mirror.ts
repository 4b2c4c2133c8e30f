import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copyOfLinks, runAll, type Tool } from "./tool.ts";

/** With its own default of 20 downloads at a time. */
export const aptMirror: Tool = {
  name: "apt-mirror",
  needs: [{ program: "apt-mirror", debian: "apt-mirror" }],
  http: true,
  async prepare(place) {
    const list = join(place.folder, "mirror.list");
    await writeFile(
      list,
      `set base_path ${place.folder}\nset defaultarch amd64\nset run_postmirror 0\nset _tilde 0\ndeb ${place.upstream.http} stable main\n`,
    );
    return {
      update: async () => await runAll(place, ["apt-mirror", list]),
      publish: async (number) => await copyOfLinks(place, join(place.folder, "mirror"), number),
    };
  },
};
