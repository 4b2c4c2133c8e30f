// Run as a program of its own: what other processes do to a store. Each says a line when it is where the test wants it.
import { setTimeout } from "node:timers/promises";
import { exactly, noise } from "../suite-tools.test-helper.ts";
import { openDirectoryStore } from "./open.ts";

const [command, root = "", name = "", count = "0"] = process.argv.slice(2);
const store = await openDirectoryStore(root);

const commands: Record<string, () => Promise<void>> = {
  /** Holds a lock until it is killed. */
  async lock() {
    await store.lock(name, "a child");
    say("held");
    await setTimeout(600_000);
  },
  /** Puts blobs `noise(size, index)`, says each one's number, and goes on until it is killed. */
  async put() {
    const session = await store.begin();
    for (let index = 0; ; index++) {
      const bytes = noise(1000 + index, `${name} ${index}`);
      await session.putBlob(bytes, exactly(bytes));
      say(`${index}`);
      await setTimeout(1);
    }
  },
  /** Receives so many bytes of a file that has more. */
  async partial() {
    const bytes = noise(2_000_000, name);
    const incoming = await (await store.begin()).incoming(exactly(bytes), name);
    async function* part(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, Number(count));
    }
    await incoming.append(part());
    say("received");
    await setTimeout(600_000);
  },
  /** Tries to create versions 1 to count of a ref as soon as it is told to; says which it won. */
  async refs() {
    say("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const won: number[] = [];
    for (let version = 1; version <= Number(count); version++)
      if (await store.createRef(name, version, Buffer.from(`by ${process.pid}`))) won.push(version);
    say(JSON.stringify({ pid: process.pid, won }));
    process.stdin.destroy();
    await store.close();
  },
};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await commands[command ?? ""]?.();
