import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { moveLatest } from "../channel/moves.ts";
import { openSite } from "../channel/site.ts";
import { captureIo } from "./capture.test-helper.ts";
import { runCli } from "./run.ts";

const MIRROR =
  "{ ecosystem: apt, upstream: 'http://deb.example.org/x', suites: [./], architectures: [amd64], trust: none }";

test("before the first sync, commands that read find nothing, and make nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-site-"));
  try {
    const config = join(folder, "sluice.yaml");
    await writeFile(config, `data: data/below\nmirrors:\n  m: ${MIRROR}\n`);
    const lines: [string[], number, RegExp][] = [
      [["list"], 0, /^m .* none yet/m],
      [["audit"], 0, /^/],
      [["show", "m"], 2, /error\[unknown_channel\]|error\[unknown_snapshot\]/],
      [["diff", "m@latest", "m@stable"], 2, /error\[unknown_channel\]|error\[unknown_snapshot\]/],
      [["client", "m"], 2, /error\[/],
    ];
    for (const [line, code, says] of lines) {
      const io = captureIo();
      assert.equal(
        await runCli([...line, "--config", config], io),
        code,
        `${line.join(" ")}: ${io.stderr()}`,
      );
      assert.match(io.stdout() + io.stderr(), says);
    }
    assert.deepEqual(await readdir(folder), ["sluice.yaml"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a clock that is plainly wrong is told by what reads, and by what writes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-site-"));
  try {
    const config = join(folder, "sluice.yaml");
    await writeFile(config, `data: data\nmirrors:\n  m: ${MIRROR}\n`);
    const site = await openSite(join(folder, "data"), 0);
    await moveLatest(site, "m", "20261121T040000Z");
    await site.store.close();
    for (const [command, now, says] of [
      [
        "list",
        0,
        /^sluice: warning: The clock of this host is wrong, or was: it says 1970-.+moves again\.$/m,
      ],
      ["gc", 0, /^sluice: warning: The clock of this host is wrong, or was: it says 1970-.+moves again\.$/m],
      [
        "gc",
        2 * Date.now(),
        /^sluice: warning: The clock of this host may be wrong: .+ more than a year after /m,
      ],
      ["list", 2 * Date.now(), /^(?![^]*clock)/],
      ["gc", Date.now(), /^(?![^]*clock)/],
    ] as const) {
      const io = captureIo();
      io.tick(now);
      await runCli([command, "--config", config], io);
      assert.match(io.stderr(), says, command);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
