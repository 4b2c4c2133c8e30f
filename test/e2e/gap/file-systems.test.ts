import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../clients/sluice.ts";
import { skipStrace, trace } from "../../faults/strace.ts";
import type { Call } from "../../faults/strace-log.ts";
import { needs } from "../../needs.ts";
import { must, run } from "../../run.ts";
import { digestsBelow, skipApt } from "../apt/lab.ts";
import { disc, skipFuse, stick, STICKS } from "./disks.ts";
import { openTwoSites } from "./two-sites.ts";
import type { TwoSites } from "./two-sites.ts";

// Calls that change something by a path or a descriptor, and those that reach a network.
const WRITES =
  `openat creat mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir
  truncate ftruncate chmod fchmod fchmodat chown fchownat utimensat setxattr write pwrite64 writev fallocate mknodat`.split(
    /\s+/,
  );
const NETWORK = ["socket", "connect", "bind"];

suite("media as they come", { skip: skipApt }, () => {
  let sites: TwoSites;
  let bundle: string;
  before(async () => {
    sites = await openTwoSites({ inline: true });
    bundle = await sites.folder("bundle");
    await sites.outer.ok("export", "--to", bundle, "--channel", "stable", "--part-size", "64KiB");
  });
  after(async () => await sites.lab.cleanup.run());

  for (const kind of STICKS) {
    const skip = skipFuse || needs(...kind.programs);
    test(
      `${kind.name}: a medium is refused by name, a bundle goes there and comes in, read-only`,
      { skip },
      async () => {
        await using disk = await stick(kind);
        notEqual((await statfs(disk.folder)).type, (await statfs(bundle)).type, "it is mounted");
        const ran = await sites.outer.run("export", "--medium", disk.folder, "--channel", "stable");
        refused(ran, "medium_unsuitable");
        match(
          ran.stderr,
          /is on [^,]*fat[^,]*, which has no hard links or no symlinks: write a bundle there/i,
        );
        deepEqual(await readdir(disk.folder), [], "nothing is left of the attempt");
        const folder = join(disk.folder, "bundle");
        await sites.outer.ok(
          "export",
          "--to",
          folder,
          "--channel",
          "stable",
          "--part-size",
          "64KiB",
          "--full",
        );
        await disk.readOnly();
        deepEqual(await digestsBelow(folder), await digestsBelow(bundle));
        const inner = await sites.inner();
        await inner.ok("import", folder);
        deepEqual(await inner.ids("m"), await sites.outer.ids("m"));
      },
    );
  }

  test("ISO 9660: a bundle on a disc", { skip: skipFuse || needs("genisoimage", "fuseiso") }, async () => {
    await using cd = await disc(bundle);
    const inner = await sites.inner();
    await inner.ok("import", cd.folder);
    deepEqual(await inner.ids("m"), await sites.outer.ids("m"));
  });

  test(
    "an import writes nothing below media and bundles, and opens no socket",
    { skip: skipStrace },
    async () => {
      const medium = await sites.folder("medium");
      await sites.outer.ok("export", "--medium", medium, "--channel", "stable");
      const inner = await sites.inner();
      const { ran, calls } = await trace(inner, ["import", medium, bundle], [...WRITES, ...NETWORK]);
      equal(ran.code, 0, ran.stderr);
      const changes = (call: Call): boolean =>
        call.name !== "openat" || call.args.some((arg) => /O_WRONLY|O_RDWR|O_CREAT/.test(arg));
      const touches = (folder: string) => (call: Call) =>
        changes(call) && call.args.some((arg) => arg.includes(folder));
      equal(calls.filter(touches(inner.data)).length > 20, true, "the log shows what is written");
      deepEqual(calls.filter(touches(medium)), []);
      deepEqual(calls.filter(touches(bundle)), []);
      // To ask for the name of the user the C library looks for a daemon of this host.
      const isLocal = ({ args }: Call): boolean => args.some((arg) => arg.includes("AF_UNIX"));
      deepEqual(
        calls.filter((call) => NETWORK.includes(call.name) && !isLocal(call)),
        [],
      );
    },
  );

  test(
    "an import needs no network interface, nor a medium that can be written",
    { skip: skipNamespaces() },
    async () => {
      const medium = await sites.folder("medium");
      await sites.outer.ok("export", "--medium", medium, "--channel", "stable");
      const inner = await sites.inner();
      const script =
        'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && ! touch "$0/x" 2>/dev/null && exec "$@"';
      await must("unshare", [
        "--net",
        "--mount",
        "sh",
        "-c",
        script,
        medium,
        ...inner.commandLine("import", medium),
      ]);
      deepEqual(await inner.ids("m"), await sites.outer.ids("m"));
      const verified = await run("unshare", ["--net", ...inner.commandLine("verify")]);
      equal(verified.code, 0, verified.stderr);
    },
  );
});

function skipNamespaces(): string | false {
  return needs("unshare", "mount") || (process.getuid?.() === 0 ? false : "only root makes namespaces");
}
