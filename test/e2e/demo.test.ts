import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { needs } from "../needs.ts";
import { must, run } from "../run.ts";
import type { Ran } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";

const MAIN = join(import.meta.dirname, "../../scripts/demo/main.ts");

suite("npm run demo, on the repository that it makes itself", () => {
  let home: string;
  before(async () => (home = await tempFolder("demo-test")));
  after(async () => await removeFolder(home));

  async function demo(name: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
    const temporary = join(home, name);
    await mkdir(temporary);
    const ran = await run(process.execPath, [MAIN, ...args], { env: { TMPDIR: temporary, ...env } });
    deepEqual(await readdir(temporary), [], "the demo leaves nothing behind");
    return ran;
  }

  const skip = needs("apt-get", "dpkg");
  test("ends with a package that the real apt-get installed", { skip }, async () => {
    const { code, stdout, stderr } = await demo("apt", ["--made"], {});
    equal(code, 0, `${stdout}\n${stderr}`);
    match(stdout, /demo-expired is skipped \[root_expired\]/);
    match(stdout, /signed by (?:[0-9A-F]{4} ){9}[0-9A-F]{4} {2}Sluice demo/);
    match(stdout, /"GET \/demo\/stable\/pool\/main\/sluice-demo-hello_1\.0-1_all\.deb HTTP\/1\.1" 200/);
    match(
      stdout,
      /without one warning, installed sluice-demo-hello 1\.0-1 through Sluice into an empty root/,
    );
    const isRoot = process.getuid?.() === 0;
    match(stdout, isRoot ? /\$ unshare --net sluice import \S+\/stick\n/ : /\$ sluice import \S+\/stick\n/);
    match(stdout, /Get:\d+ file:\S+\/inner\/data\/trees\/demo\/stable .*sluice-demo-hello all 1\.0-1/);
    match(
      stdout,
      /Carried across a gap in \d+ files, .* installed by apt-get there: sluice-demo-hello 1\.0-1/,
    );
  });

  test("without apt: says so, and compares what came through", async () => {
    // All that bin/sluice runs, and no apt.
    const programs = join(home, "programs");
    await mkdir(programs);
    await symlink(process.execPath, join(programs, "node"));
    for (const name of ["sh", "cmp", "readlink"])
      await symlink((await must("sh", ["-c", `command -v ${name}`])).trim(), join(programs, name));
    const { code, stdout, stderr } = await demo("no-apt", [], { PATH: programs });
    equal(code, 0, `${stdout}\n${stderr}`);
    match(stdout, /This host has no apt: the demo goes on with a small signed repository/);
    match(stdout, /sluice-demo-hello 1\.0-1 came through Sluice byte for byte/);
    match(stdout, /Only root can be without any network here/);
    match(stdout, /imported, proven again, and compared there: sluice-demo-hello 1\.0-1/);
  });
});
