import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SluiceError } from "../base/errors.ts";
import { ECOSYSTEMS } from "../ecosystems/index.ts";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { parseConfigDocument } from "./document.ts";
import { faultsOf, inOurWords } from "./faults.ts";
import { checkMirror } from "./mirror.ts";
import { siteSchema } from "./schema.ts";
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
    if (text !== undefined) return parseConfig(text, place);
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
    throw new SluiceError("config_missing", `The config '${path}' cannot be read (${code}): check its mode and owner.`, {
      cause: error,
    });
  }
}

/** Checks the text of a config; `file` is its path, to which paths in it are relative. Throws `config_invalid`. */
export function parseConfig(text: string, file: string, ecosystems: readonly Ecosystem[] = ECOSYSTEMS): Config {
  const document = parseConfigDocument(text, file);
  const site = siteSchema.safeParse(document.value ?? {}, { error: inOurWords });
  const rawMirrors = mirrorsOf(document.value);
  const checked = Object.entries(rawMirrors).map(([name, raw]) => checkMirror(name, raw, ecosystems, file));
  const faults = [
    ...(site.success ? [] : faultsOf(site.error)),
    ...checked.flatMap((result) => ("faults" in result ? result.faults : [])),
  ];
  if (!site.success || faults.length > 0) throw document.error(faults);

  const mirrors = checked.flatMap((result) => ("mirror" in result ? [result.mirror] : []));
  return {
    file: resolve(file),
    data: resolve(dirname(file), site.data.data),
    listen: site.data.listen,
    url: site.data.url,
    graceMs: site.data.grace,
    mirrors,
    warnings: mirrors.filter(({ schedule }) => schedule !== undefined).map(scheduleWarning),
  };
}

function mirrorsOf(value: unknown): Record<string, unknown> {
  const mirrors = (value as { mirrors?: unknown } | null)?.mirrors;
  return typeof mirrors === "object" && mirrors !== null && !Array.isArray(mirrors)
    ? (mirrors as Record<string, unknown>)
    : {};
}

function scheduleWarning(mirror: MirrorConfig): string {
  return `mirrors.${mirror.name}.schedule is not run by this version itself: call \`sluice sync ${mirror.name}\` from cron.`;
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
