import { SluiceError } from "../../../src/base/errors.ts";
import type { Target } from "../target.ts";

const held: Buffer[] = [];

/** Does what its input says: every way in which a reader can go wrong. */
export async function open(): Promise<Target> {
  return {
    seeds: ["fine", "refused"],
    words: ["ab", "cd", "ef", "gh", "ij", "kl"],
    run(input) {
      const said = input.toString();
      if (said.includes("type error")) return (undefined as unknown as string[]).length;
      if (said === "internal") throw new SluiceError("internal", "A mistake.");
      if (said === "rejects later") return Promise.reject(new RangeError("later"));
      if (said === "strays") void Promise.reject(new Error("nobody waits for it"));
      if (said === "hangs") for (;;) held.length = 0;
      if (said === "waits") return new Promise<never>(() => undefined);
      if (said === "slow")
        for (const began = process.threadCpuUsage(); process.threadCpuUsage(began).user < 150_000;)
          for (let count = 0; count < 1e6; count++) held.length = 0;
      held.length = 0;
      if (said === "large") held.push(Buffer.alloc(128 * 2 ** 20));
      if (said === "heap") for (const list: unknown[] = []; ;) list.push([list.length]);
      if (said === "refused") throw new SluiceError("usage", "No.");
      // A place that only a search finds: each word is a branch of its own.
      if (said.startsWith("ab"))
        if (said.startsWith("abcd")) if (said.startsWith("abcdef")) throw new TypeError("found");
      return undefined;
    },
  };
}
