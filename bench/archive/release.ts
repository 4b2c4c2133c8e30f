import { createHash } from "node:crypto";
import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestKey } from "../../test/toys/key.ts";

/** Writes the signed InRelease (and Release with Release.gpg, for tools that know no other) of `dists/stable`, over these files in it. */
export async function writeRelease(
  folder: string,
  files: readonly string[],
  key: TestKey,
  date: number,
): Promise<void> {
  const text = await release(folder, files, date);
  const made = new Map<string, string | Buffer>([
    ["InRelease", await key.clearSign(text)],
    ["Release", text],
    ["Release.gpg", await key.detachSign(text)],
  ]);
  for (const [name, content] of made) {
    await writeFile(join(folder, name), content);
    // A server's ETag is often made of time and size: two states made within one second must differ.
    await utimes(join(folder, name), date / 1000, date / 1000);
  }
}

async function release(folder: string, files: readonly string[], date: number): Promise<string> {
  const lines = async (algorithm: string): Promise<string> => {
    const all = files.map(async (name) => {
      const hex = createHash(algorithm)
        .update(await readFile(join(folder, name)))
        .digest("hex");
      return ` ${hex} ${(await stat(join(folder, name))).size} ${name}\n`;
    });
    return (await Promise.all(all)).join("");
  };
  const day = new Date(date).toUTCString().replace("GMT", "UTC");
  const head = `Origin: Bench\nSuite: stable\nCodename: stable\nDate: ${day}\nArchitectures: amd64\nComponents: main\n`;
  return `${head}MD5Sum:\n${await lines("md5")}SHA256:\n${await lines("sha256")}`;
}
