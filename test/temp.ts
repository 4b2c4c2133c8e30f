import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder of its own below the system's temporary folder. */
export async function tempFolder(name: string): Promise<string> {
  return await mkdtemp(join(tmpdir(), `sluice-${name}-`));
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** What a test file opens, closed in the opposite order by one call in `after`. */
export class Cleanup {
  readonly #steps: (() => Promise<unknown>)[] = [];

  /** Remembers something with an async dispose, and gives it back. */
  use<T extends AsyncDisposable>(thing: T): T {
    this.#steps.push(async () => await thing[Symbol.asyncDispose]());
    return thing;
  }

  async folder(name: string): Promise<string> {
    const path = await tempFolder(name);
    this.#steps.push(async () => await removeFolder(path));
    return path;
  }

  async run(): Promise<void> {
    const faults: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) await step().catch((fault) => faults.push(fault));
    if (faults.length > 0) throw new AggregateError(faults, "clean-up failed");
  }
}
