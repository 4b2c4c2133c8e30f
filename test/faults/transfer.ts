import { equal, match, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SluiceSite } from "../clients/sluice.ts";
import { assertSynced } from "../e2e/apt/lab.ts";
import { faultyProxy } from "../servers/faulty-proxy.ts";
import { removeFolder, tempFolder } from "../temp.ts";
import { filesBelow } from "../upstreams/apt.ts";
import type { Fault, Outcome } from "./fault.ts";
import { KILLED, killScene } from "./killed.ts";
import { killPoints, STRIKE_CALLS, STRIKE_ENV } from "./kill-points.ts";
import { CONNECTIONS, largeFiles, smallFiles } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { openScene } from "./scene.ts";
import { agesOf, assertSound, sharedStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import { killAt, skipStrace, trace } from "./strace.ts";
import { oneByOne } from "./struck.ts";
import type { Age, WorldKind, WorldSize } from "./world.ts";

/** A site that sends, whose `stable` has the old state of the world. */
interface Sender extends AsyncDisposable {
  readonly site: SluiceSite;
  /** An empty place of that name. */
  folder(name: string): string;
  /** Its `stable` has this state now. */
  holds(stage: Stage, age: Age): Promise<void>;
  /** The other one takes what this one sends. */
  trustedBy(inner: SluiceSite): Promise<void>;
}

async function openSender(stage: Stage): Promise<Sender> {
  await using opened = new AsyncDisposableStack();
  const home = await tempFolder("sender");
  opened.defer(async () => await removeFolder(home));
  const site = opened.use(await stage.site({ inline: true, data: join(home, "data") }));
  const key = join(home, "key.asc");
  const self: Omit<Sender, keyof AsyncDisposable> = {
    site,
    folder: (name) => join(home, name),
    async holds(on, age) {
      on.serve(age);
      assertSynced(await site.sync("m"), "updated");
      await site.ok("promote", "latest", "stable", "--yes");
      await writeFile(key, (await site.ok("key", "export")).stdout);
    },
    trustedBy: async (inner) => void (await inner.ok("key", "trust", key, "--yes")),
  };
  const all = opened.move();
  return { ...self, [Symbol.asyncDispose]: async () => await all.disposeAsync() };
}

/** What is taken by the inner site: its `stable` goes from the old state to the new one. */
function taking(
  name: string,
  args: readonly string[],
  config: Readonly<Record<string, unknown>>,
  prepare: Operation["prepare"],
): Operation {
  return {
    name,
    args,
    site: { config },
    upstream: "new",
    before: { stable: "old" },
    after: { stable: "new" },
    prepare,
    again: async (site) => void (await site.ok(...args)),
    async idle(site) {
      match((await site.ok(...args)).stdout, /nothing new/);
    },
  };
}

const pull: Fault = {
  name: "killed: pull",
  promise: `${KILLED}; no more than a file for each connection is asked for twice`,
  engine: true,
  quick: 2,
  long: 100,
  skip: false,
  async run(kind, amount) {
    const size = largeFiles();
    const stage = await sharedStage(kind, size);
    await using sender = await openSender(stage);
    await sender.holds(stage, "old");
    await using served = await sender.site.serve();
    await using front = await faultyProxy(served.url);
    const config = { sites: { hq: { url: front.url, connections: CONNECTIONS, pipelining: 1 } } };
    const operation = taking("pull", ["pull", "hq"], config, async (on, inner) => {
      await sender.trustedBy(inner);
      await inner.ok("pull", "hq");
      await sender.holds(on, "new");
    });
    const files = (): number => front.requests.filter(({ path }) => path.includes("/blobs/")).length;
    let most = Infinity;
    const counted: Operation = {
      ...operation,
      prepare: async (on, inner) => {
        await operation.prepare(on, inner);
        front.clear();
      },
      async again(site) {
        await operation.again(site);
        ok(files() <= most, `${files()} files were asked for, ${most} are the most`);
      },
      async idle(site) {
        // The run before the first was not disturbed; the manifest, of which none is kept before the files, may come again.
        if (most === Infinity) most = files() + CONNECTIONS + 1;
        front.clear();
        await operation.idle(site);
        equal(files(), 0, "a run that has nothing to do asks for no file");
        front.clear();
      },
    };
    await using scene = await openScene(kind, size, counted);
    return await killScene(scene, amount);
  },
};

const importing: Fault = {
  name: "killed: import of a bundle",
  promise: KILLED,
  engine: true,
  quick: 1,
  long: 100,
  skip: false,
  async run(kind, amount) {
    const size = smallFiles(amount);
    const stage = await sharedStage(kind, size);
    await using sender = await openSender(stage);
    await sender.holds(stage, "old");
    const [first, second] = [sender.folder("first"), sender.folder("second")];
    await sender.site.ok("export", "--to", first, "--channel", "stable", "--site", "inner");
    const operation = taking("import", ["import", second], {}, async (on, inner) => {
      await sender.trustedBy(inner);
      await inner.ok("import", first);
      await sender.holds(on, "new");
      await sender.site.ok("export", "--to", second, "--channel", "stable", "--site", "inner");
    });
    await using scene = await openScene(kind, size, operation);
    return await killScene(scene, amount);
  },
};

interface Exporting {
  readonly name: string;
  readonly args: (folder: string) => readonly string[];
  readonly idle: RegExp;
}

/** Whatever a killed export has left, the next one brings to its end, and what it wrote is whole. */
function exporting({ name, args, idle }: Exporting): Fault {
  return {
    name: `killed: ${name}`,
    promise:
      "kill -9 at any call: the next run goes on, what it wrote is imported whole, the one after has nothing to do",
    engine: true,
    quick: 1,
    long: 100,
    skip: skipStrace,
    async run(kind: WorldKind, amount: number): Promise<Outcome> {
      const size: WorldSize = smallFiles(amount);
      const stage = await sharedStage(kind, size);
      await using undisturbed = await openSender(stage);
      await undisturbed.holds(stage, "old");
      const home = undisturbed.folder("");
      const { calls } = await trace(
        undisturbed.site,
        args(undisturbed.folder("out")),
        [...STRIKE_CALLS, "execve"],
        STRIKE_ENV,
      );
      const points = killPoints(calls, home.replace(/\/$/, ""), amount);
      return await oneByOne(points, async (point) => {
        await using sender = await openSender(stage);
        await sender.holds(stage, "old");
        const out = sender.folder("out");
        const { signal } = await killAt(sender.site, args(out), point, STRIKE_ENV);
        await sender.site.ok(...args(out));
        match((await sender.site.ok(...args(out))).stdout, idle);
        await assertSound(stage, sender.site);
        const records = await filesBelow(join(sender.site.data, "refs/exports"));
        ok(records.length > 0, "what was exported is written down");
        await using inner = await stage.site({ inline: true });
        await sender.trustedBy(inner);
        await inner.ok("import", out);
        equal((await agesOf(stage, inner))["stable"], "old");
        await inner.ok("verify");
        return signal === "SIGKILL" ? "went on" : "came to its end first";
      });
    },
  };
}

/** kill -9 of what carries snapshots from one site to another. */
export const transfer: readonly Fault[] = [
  pull,
  importing,
  exporting({
    name: "export of a bundle",
    args: (folder) => ["export", "--to", folder, "--channel", "stable", "--full"],
    idle: /was there already/,
  }),
  exporting({
    name: "export to a medium",
    args: (folder) => ["export", "--medium", folder, "--channel", "stable"],
    idle: /\b0 files/,
  }),
];
