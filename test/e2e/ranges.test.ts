import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServer } from "../../src/serve/server.ts";
import type { AccessLine } from "../../src/serve/log.ts";
import { addSnapshot, point } from "../../src/serve/site.test-helper.ts";
import { openDirectoryReader, openDirectoryStore } from "../../src/store/directory/open.ts";
import { needs } from "../needs.ts";
import { must } from "../run.ts";
import { Cleanup } from "../temp.ts";

const ID = "20261101T000000Z";

/** Lines that compress badly, the same for the same seed. */
function text(seed: string, lines: number): string {
  const line = (at: number) => createHash("sha512").update(`${seed} ${at}`).digest("base64");
  return Array.from({ length: lines }, (_, at) => line(at)).join("\n");
}

// dnf fetches metadata this way: what of a zchunk file has changed, as ranges of one request.
describe("a zchunk client", { skip: needs("zck", "zckdl") }, () => {
  const cleanup = new Cleanup();
  const lines: AccessLine[] = [];
  let folder = "";
  let url = "";
  let wanted: Buffer = Buffer.alloc(0);

  before(async () => {
    folder = await cleanup.folder("zchunk");
    const zchunk = async (name: string, parts: readonly string[]): Promise<Buffer> => {
      await writeFile(join(folder, name), parts.join(""));
      await must("zck", ["-o", `${name}.zck`, name], { cwd: folder });
      return readFile(join(folder, `${name}.zck`));
    };
    // Of many parts every fourth is another: no range of the file has all that is missing.
    const parts = Array.from({ length: 40 }, (_, at) => text(`part ${at}`, 1500));
    await zchunk("old", parts);
    wanted = await zchunk(
      "new",
      parts.map((part, at) => (at % 4 === 0 ? text(`changed ${at}`, 1500) : part)),
    );
    const data = join(folder, "data");
    const writer = await openDirectoryStore(data);
    await addSnapshot(writer, "fedora", ID, { "repodata/primary.xml.zck": { bytes: wanted } });
    await point(writer, "stable", { fedora: ID }, 0);
    await writer.close();
    const store = await openDirectoryReader(data);
    const listen = { host: "127.0.0.1", port: 0 };
    const server = await startServer({ store, listen, graceMs: 0, log: (line) => void lines.push(line) });
    cleanup.use({ [Symbol.asyncDispose]: () => server.close() });
    url = `${server.url}/fedora/stable/repodata/primary.xml.zck`;
  });
  after(() => cleanup.run());

  test("gets what is missing in parts, and the file comes out whole", async () => {
    const home = await cleanup.folder("zckdl");
    await copyFile(join(folder, "old.zck"), join(home, "old.zck"));
    await must("zckdl", ["--fail-no-ranges", "-s", "old.zck", url], { cwd: home });
    const got = await readFile(join(home, "primary.xml.zck"));
    assert.ok(got.equals(wanted));
    assert.ok(lines.every(({ status }) => status === 206));
    assert.ok(lines.length > 1 && lines.length < 6, `${lines.length} requests: not one for each part`);
    const sent = lines.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(sent < wanted.length / 2, `${sent} of ${wanted.length} bytes`);
  });
});
