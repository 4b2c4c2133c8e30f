import { readFile } from "node:fs/promises";
import { SluiceError } from "../base/errors.ts";
import { ECOSYSTEMS } from "../ecosystems/index.ts";
import { parseConfig } from "./parse.ts";
import { mostSimilar } from "./similar.ts";
import type { Config, MirrorConfig } from "./types.ts";

const PLACES = ["sluice.yaml", "/etc/sluice/sluice.yaml"];

/**
 * Reads the config: `path` (from --config), else $SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml. Throws `config_missing`, or
 * `config_invalid` with file, line, column and field of every mistake.
 */
export async function loadConfig(path?: string, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const named = path ?? (env["SLUICE_CONFIG"] || undefined);
  for (const place of named === undefined ? PLACES : [named]) {
    const text = await readIfThere(place);
    if (text !== undefined) return parseConfig(text, place, ECOSYSTEMS);
  }
  throw new SluiceError(
    "config_missing",
    named === undefined
      ? `There is no config: neither ${PLACES.map((place) => `'${place}'`).join(" nor ")} is there; write one with \`sluice init\`.`
      : `There is no config at '${named}': check the path, or write one with \`sluice init\`.`,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new SluiceError(
      "config_missing",
      `The config '${path}' cannot be read (${code}): check its mode and owner.`,
      {
        cause: error,
      },
    );
  }
}

/** The mirror of this name; throws `unknown_mirror`. */
export function findMirror(config: Config, name: string): MirrorConfig {
  const found = config.mirrors.find((mirror) => mirror.name === name);
  if (found !== undefined) return found;
  const names = config.mirrors.map((mirror) => mirror.name);
  const near = mostSimilar(name, names);
  throw new SluiceError(
    "unknown_mirror",
    `There is no mirror '${name}' in ${config.file}.`,
    near === undefined
      ? { hint: names.length === 0 ? "It has no mirrors yet." : `There are ${names.join(", ")}.` }
      : { hint: `Did you mean '${near}'?` },
  );
}
