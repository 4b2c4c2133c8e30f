import { open, stat, truncate, writeFile } from "node:fs/promises";

/** Ways in which a file goes bad on a server. In place, so that hard-linked by-hash names go bad with it. */
export const TAMPER = {
  /** One bit in the middle, the size unchanged. */
  async flip(path: string): Promise<void> {
    const file = await open(path, "r+");
    try {
      const at = Math.floor((await file.stat()).size / 2);
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ 1;
      await file.write(byte, 0, 1, at);
    } finally {
      await file.close();
    }
  },
  async append(path: string): Promise<void> {
    await writeFile(path, "more\n", { flag: "a" });
  },
  async truncate(path: string): Promise<void> {
    await truncate(path, Math.floor((await stat(path)).size / 2));
  },
} as const;

export type Tampering = keyof typeof TAMPER;
