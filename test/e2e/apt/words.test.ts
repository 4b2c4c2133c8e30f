import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonLines } from "../../clients/sluice.ts";
import type { SluiceSite } from "../../clients/sluice.ts";
import { assertSynced, mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

suite("what the command line says", { skip: skipApt }, () => {
  let lab: Lab;
  let site: SluiceSite;
  before(async () => {
    lab = await openLab();
    const upstream = await lab.upstream({ packages: [{ name: "tool", version: "1" }] });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    await site.configure({ debian: mirrorOf(upstream, server.url), other: mirrorOf(upstream, server.url) });
  });
  after(async () => await lab.cleanup.run());

  test("a plan of several mirrors says whether all of them fit together", async () => {
    const { stdout } = await site.ok("sync", "--plan");
    match(stdout, /^all 2 mirrors: would fetch 2 files, .* free: fits$/m);
    const lines = await site.json<{ event?: string; mirrors?: number; plan?: { fetchFiles: number } }>(
      "sync",
      "--plan",
    );
    deepEqual(
      lines.slice(-3).map(({ event, mirrors, plan }) => [event, mirrors, plan?.fetchFiles]),
      [
        ["total", 2, 2],
        [undefined, undefined, 1],
        [undefined, undefined, 1],
      ],
    );
    equal(/all \d/.test((await site.ok("sync", "debian", "--plan")).stdout), false);
  });

  test("before the first sync there is nothing to promote, and it says what to run", async () => {
    const ran = await site.run("promote", "latest", "stable");
    equal(ran.code, 2);
    match(ran.stderr, /There is no snapshot yet, .*: run `sluice sync`\./);
    match((await site.run("client", "debian")).stderr, /has no snapshot yet: run `sluice sync debian`/);
  });

  test("a mirror that nobody has is named as such, with those that there are", async () => {
    for (const command of ["client", "show"]) {
      const ran = await site.run(command, "debain");
      equal(ran.code, 2, command);
      match(
        ran.stderr,
        /error\[unknown_mirror\]: There is no mirror 'debain' in .*\n  hint: Did you mean 'debian'\?/,
      );
      match((await site.run(command, "nothing")).stderr, /hint: There are debian, other\./);
    }
  });

  test("a time stands for the newest snapshot before it, and what is before all of them for none", async () => {
    assertSynced(await site.sync("debian"), "updated");
    const [id = ""] = await site.ids("debian");
    const later = await site.ok("client", "debian", "--channel", "20991231T000000Z");
    match(
      later.stderr,
      new RegExp(`no snapshot 20991231T000000Z of debian: this is for the newest before it, ${id}`),
    );
    match(later.stdout, new RegExp(`^URIs: \\S+/debian/${id}/$`, "m"));
    const exact = await site.ok("client", "debian", "--channel", id);
    equal(exact.stdout, later.stdout);
    equal(/There is no snapshot/.test(exact.stderr), false);
    const before = await site.run("client", "debian", "--channel", "20200101T000000Z");
    equal(before.code, 2);
    match(before.stderr, /no snapshot that is as old as 20200101T000000Z: see `sluice list`/);
    match(
      (await site.run("show", "debian@20200101T000000Z")).stderr,
      /has no snapshot 20200101T000000Z: see `sluice list`/,
    );
  });

  test("a pin that is not there is said to be none, and notes belong to the file that is printed", async () => {
    const [id = ""] = await site.ids("debian");
    const unpin = async (): Promise<string> =>
      (await site.ok("snapshot", "unpin", `debian@${id}`)).stdout.trim();
    equal(await unpin(), `debian@${id}: was not pinned`);
    await site.ok("snapshot", "pin", `debian@${id}`, "--why", "release 7");
    equal(await unpin(), `debian@${id}: no longer pinned (release 7)`);
    match((await site.ok("client", "debian")).stderr, /The vendor's key stands in the file itself/);
    equal((await site.ok("client", "debian", "--format", "list")).stderr, "");
  });

  test("a mirror stays known when the config gives it up", async () => {
    const [id = ""] = await site.ids("debian");
    await site.configure({});
    equal((await site.run("client", "debian", "--channel", id)).code, 0);
  });

  test("verify --json ends with the error where it finds one", async () => {
    const sound = await site.json<{ error?: unknown }>("verify");
    equal(sound.at(-1)?.error, undefined);
    const [id = ""] = await site.ids("debian");
    const blobs = join(site.data, "blobs/sha256");
    const files = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((item) =>
      item.isFile(),
    );
    const paths = files.map((item) => join(item.parentPath, item.name));
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    await writeFile(paths[sizes.indexOf(Math.max(...sizes))] ?? "", "broken");
    const ran = await site.run("verify", "--json");
    equal(ran.code, 1);
    deepEqual(jsonLines<unknown>(ran.stdout).at(-1), {
      error: { code: "verify_failed", message: `Not sound: debian@${id}.` },
    });
  });
});
