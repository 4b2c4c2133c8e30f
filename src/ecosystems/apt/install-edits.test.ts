import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { needs } from "../../../test/needs.ts";
import { Cleanup } from "../../../test/temp.ts";
import { edit, hostWith, PLACES, run, scriptOf, state, textOf, wanted } from "./install.test-helper.ts";

const DEBIAN = `http://${PLACES[0]}`;

describe("the set-up script, and what others do on the host", { skip: needs("apt-get", "dpkg") }, () => {
  const cleanup = new Cleanup();
  after(async () => await cleanup.run());

  const ENTRY = `deb ${DEBIAN} trixie main contrib\n`;

  test("says what it leaves on, and --whole leaves nothing of these suites", async () => {
    const host = await hostWith(cleanup, {
      "sources.list": `${ENTRY}deb http://other.example.org/debian trixie main\n`,
    });
    const said = await run(host, "main");
    assert.doesNotMatch(said, /mirror\.example\.org/);
    assert.match(said, /left on, since the mirror does not have it .*: deb http:\S+ trixie contrib$/m);
    assert.match(
      said,
      /left on, since nothing shows .*: deb http:\/\/other\.example\.org\/debian trixie main$/m,
    );
    assert.doesNotMatch(await run(host, "main", "--whole"), /does not have it/);
    assert.deepEqual(await wanted(host), ["other.example.org/debian trixie main amd64"]);
    // Also where another set-up settles the entry anew.
    await run(host, "contrib");
    await run(host, "contrib", "--undo");
    assert.deepEqual(await wanted(host), ["other.example.org/debian trixie main amd64"]);
    await run(host, "main");
    assert.equal((await wanted(host)).length, 2);
  });

  test("--keep leaves all on; --help says what there is", async () => {
    const host = await hostWith(cleanup, { "sources.list": ENTRY });
    await run(host, "main", "--keep");
    assert.equal(await textOf(host, "sources.list"), ENTRY);
    assert.match(await run(host, "main", "--help"), /^sh FILE --undo /m);
    await run(host, "main", "--other", 2);
    assert.equal((await host.setUp(scriptOf("main"), "--keep", "--whole")).code, 2);
  });

  test("takes back what is its own in a file that was changed since, and keeps what the change took away", async () => {
    const host = await hostWith(cleanup, { "sources.list": ENTRY, "sources.list.d/a.list": ENTRY });
    await run(host, "main");
    await edit(host, "sources.list", (text) => `# mine\n${text}deb http://mine.example.org/ ./\n`);
    await edit(host, "sources.list.d/a.list", () => "# mine\n");
    const said = await run(host, "main", "--undo", 1);
    assert.match(
      said,
      /a\.list was changed since, and is left so; its old form is \/etc\/apt\/sluice\/_\/old\/\S+a\.list$/m,
    );
    assert.equal(await textOf(host, "sources.list"), `# mine\n${ENTRY}deb http://mine.example.org/ ./\n`);
    assert.equal(await textOf(host, "sources.list.d/a.list"), "# mine\n");
    assert.equal(await textOf(host, join("sluice/_/old", host.root, "etc/apt/sources.list.d/a.list")), ENTRY);
    // That is the end of it.
    assert.match(await run(host, "main", "--undo"), /is not set up here/);
  });

  test("keeps what was changed in its own files, but not pins", async () => {
    const host = await hostWith(cleanup, {});
    const [source, pins] = ["sources.list.d/sluice-main.list", "preferences.d/sluice-main.pref"];
    const old = join("sluice/_/old", host.root, "etc/apt");
    await run(host, "main");
    await edit(host, source, (text) => `${text}# mine\n`);
    await edit(host, pins, (text) => `${text}# mine\n`);
    assert.match(
      await run(host, "main"),
      /sluice-main\.list was changed since .* kept in \S+\/old\/\S+main\.list$/m,
    );
    await edit(host, source, (text) => `${text}# mine too\n`);
    assert.match(await run(host, "main", "--undo"), /sluice-main\.list was changed since .*main\.list\.1$/m);
    assert.match(await textOf(host, join(old, source)), /# mine$/m);
    assert.match(await textOf(host, join(old, `${source}.1`)), /# mine too$/m);
    const left = Object.keys(await state(host));
    assert.deepEqual(left.filter((path) => /sluice/.test(path)).toSorted(), [
      join(old, source),
      join(old, `${source}.1`),
    ]);
  });

  test("a mirror may take the place of another one's own source, and give it back", async () => {
    for (const first of ["main", "whole"] as const) {
      const host = await hostWith(cleanup, { "sources.list": ENTRY });
      const before = await state(host);
      await run(host, "main");
      await edit(host, "sources.list.d/sluice-main.list", (text) =>
        text.replace("mirror.example.org/main", PLACES[0] ?? ""),
      );
      await writeFile(
        join(host.root, "etc/apt/sluice/main/written"),
        `${join(host.root, "etc/apt/sources.list.d/sluice-main.list")} none\n`,
      );
      await run(host, "whole");
      assert.deepEqual(await wanted(host), []);
      await run(host, first, "--undo");
      await run(host, first === "main" ? "whole" : "main", "--undo");
      const left = Object.entries(await state(host)).filter(([path]) => !path.startsWith("sluice/_/old"));
      assert.deepEqual(Object.fromEntries(left), before);
    }
  });

  test("a run that was cut off is put back by the next one, whichever mirror's it is", async () => {
    const apply = 'if there "$work/new$path"; then place';
    assert.ok(scriptOf("main").includes(apply));
    for (const at of [1, 2, 3]) {
      const count = `n=$((\${n:-0} + 1)); [ $n -lt ${at} ] || kill -9 $$; `;
      const killed = scriptOf("main").replace(apply, () => count + apply);
      const host = await hostWith(cleanup, { "sources.list": ENTRY, "sources.list.d/a.list": ENTRY });
      const before = await state(host);
      assert.equal((await host.setUp(killed, "--no-test")).signal, "SIGKILL");
      assert.match(await run(host, "updates"), /cut off: putting back/);
      await run(host, "updates", "--undo");
      assert.deepEqual(await state(host), before);
      await run(host, "main");
      assert.equal((await host.setUp(killed, "--undo")).signal, "SIGKILL");
      assert.notDeepEqual(await state(host), before);
      assert.match(await run(host, "main", "--undo"), /cut off: putting back/);
      assert.deepEqual(await state(host), before);
    }
  });

  test("a link is put back as a link, and what it leads to is never changed", async () => {
    const host = await hostWith(cleanup, { "shared-entries": ENTRY });
    await symlink("../shared-entries", join(host.root, "etc/apt/sources.list.d/linked.list"));
    const before = await state(host);
    await run(host, "main");
    assert.match(await textOf(host, "sources.list.d/linked.list"), /^# replaced/);
    assert.equal(await textOf(host, "shared-entries"), ENTRY);
    await run(host, "main", "--undo");
    assert.deepEqual(await state(host), before);
  });
});
