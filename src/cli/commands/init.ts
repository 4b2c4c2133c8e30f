import { readdir, readFile, writeFile } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import { parseConfig } from "../../config/parse.ts";
import { configText } from "../../config/write.ts";
import type { HostMirrors } from "../../ecosystems/contract.ts";
import { ECOSYSTEMS } from "../../ecosystems/index.ts";
import type { Context } from "../context.ts";
import { formatCount } from "../format.ts";

export interface InitOptions {
  readonly fromApt?: boolean;
  readonly output: string;
  readonly data?: string;
}

/** `sluice init`: writes a first config; never replaces a file without --yes. */
export async function init(context: Context, options: InitOptions): Promise<void> {
  const { output } = context;
  const found = options.fromApt === true ? await hostMirrors("apt") : undefined;
  const names = Object.keys(found?.mirrors ?? {});
  if (found !== undefined && names.length === 0)
    throw new SluiceError(
      "not_offered",
      "No apt source of this host can be mirrored, so no config was written.",
      found.skipped.length === 0 ? {} : { hint: found.skipped.join(" ") },
    );
  const text = configText(options.data ?? defaultData(), found);
  parseConfig(text, options.output, ECOSYSTEMS);
  await writeConfig(options.output, text, context.options.yes);

  const skipped = found?.skipped ?? [];
  for (const reason of skipped) output.warn(`Not taken over: ${reason}`);
  output.json({ file: options.output, mirrors: names, skipped });
  output.line(
    names.length === 0
      ? `Wrote ${options.output}: add a mirror to it, then run \`sluice sync\`.`
      : `Wrote ${options.output} with ${formatCount(names.length, "mirror")}: ${names.join(", ")}. Next: \`sluice sync --plan\`.`,
  );
}

async function hostMirrors(id: string): Promise<HostMirrors> {
  const fromHost = ECOSYSTEMS.find((ecosystem) => ecosystem.id === id)?.fromHost;
  if (fromHost === undefined) throw new SluiceError("usage", `Mirrors cannot be taken over from ${id}.`);
  return fromHost(readIfThere, listIfThere);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}

async function listIfThere(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).toSorted();
  } catch {
    return [];
  }
}

function defaultData(): string {
  return process.getuid?.() === 0 ? "/var/lib/sluice" : "sluice-data";
}

async function writeConfig(path: string, text: string, replace: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: replace ? "w" : "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST")
      throw new SluiceError("usage", `'${path}' exists already: say --yes to replace it, or --output FILE.`, {
        cause: error,
      });
    throw new SluiceError("usage", `'${path}' cannot be written (${code}): check folder and mode.`, {
      cause: error,
    });
  }
}
