import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../test/run.ts";

/** What is packed, and the one time that all of it bears. */
export interface Release {
  readonly version: string;
  readonly summary: string;
  /** Of the commit, in seconds: the same commit gives the same bytes. */
  readonly seconds: number;
}

export async function release(root: string): Promise<Release> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    version: string;
    description: string;
  };
  return {
    version: manifest.version,
    summary: manifest.description,
    seconds: await commitTime(root),
  };
}

async function commitTime(root: string): Promise<number> {
  const given = process.env["SOURCE_DATE_EPOCH"] ?? "";
  if (/^\d{1,10}$/.test(given)) return Number(given);
  return Number(await must("git", ["log", "-1", "--format=%ct"], { cwd: root }));
}
