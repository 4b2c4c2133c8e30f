import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { must } from "../../test/run.ts";
import type { State } from "../archive/build.ts";
import type { Disk } from "./disk.ts";
import type { Run, Tool } from "./tools/tool.ts";
import type { Upstream } from "./upstream.ts";

/** An update, the requests that it took, and how long the disk then needed until all of it was durable. */
export interface Update extends Run {
  readonly requests: number;
  readonly syncSeconds: number;
}

/** What a publication or a whole second snapshot took on disk. */
export interface Room {
  readonly bytes: number;
  /** Without folders. */
  readonly inFiles: number;
  readonly inodes: number;
}

/** One turn of one tool on one upstream. */
export interface Turn {
  readonly first: Update;
  readonly noop: Update;
  /** One package of a hundred has changed. */
  readonly change: Update;
  /** A new Release over the same packages. */
  readonly again: Update;
  readonly publish: Run;
  readonly switch: Run;
  /** Of `again` and its publication: a snapshot without a new package. */
  readonly room: Room;
}

export async function takeTurn(tool: Tool, upstream: Upstream, disk: Disk, limitMs: number): Promise<Turn> {
  await disk.fresh();
  const folder = join(disk.path, "work");
  await mkdir(folder);
  await upstream.archive.switch("v1");
  const mirroring = await tool.prepare({ folder, upstream, limitMs });
  const update = async (state: State): Promise<Update> => {
    await upstream.archive.switch(state);
    const before = await upstream.requests();
    const run = await mirroring.update();
    const started = performance.now();
    await must("sync", ["-f", disk.path], { timeoutMs: 600_000 });
    const syncSeconds = (performance.now() - started) / 1000;
    return { ...run, requests: (await upstream.requests()) - before, syncSeconds };
  };
  const first = await update("v1");
  const noop = await update("v1");
  const publish = await mirroring.publish(1);
  const change = await update("v2");
  const switched = await mirroring.publish(2);
  await must("sync", ["-f", disk.path]);
  const before = await disk.usage();
  const again = await update("v3");
  await mirroring.publish(3);
  await must("sync", ["-f", disk.path]);
  const after = await disk.usage();
  const room = {
    bytes: after.bytes - before.bytes,
    inFiles: after.inFiles - before.inFiles,
    inodes: after.inodes - before.inodes,
  };
  return { first, noop, change, again, publish, switch: switched, room };
}
