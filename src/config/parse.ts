import { dirname, resolve } from "node:path";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { parseConfigDocument } from "./document.ts";
import { faultsOf, inOurWords } from "./faults.ts";
import { checkMirror } from "./mirror.ts";
import { siteSchema } from "./schema.ts";
import { secretOf, siteFaults, sitesOf } from "./site-keys.ts";
import { importFaults, importsOf } from "./trust-keys.ts";
import type { Config, MirrorConfig } from "./types.ts";

/** Checks the text of a config; `file` is its path, to which paths in it are relative. Throws `config_invalid`. */
export function parseConfig(text: string, file: string, ecosystems: readonly Ecosystem[]): Config {
  const document = parseConfigDocument(text, file);
  const site = siteSchema.safeParse(document.value ?? {}, { error: inOurWords });
  const rawMirrors = mirrorsOf(document.value);
  const checked = Object.entries(rawMirrors).map(([name, raw]) => checkMirror(name, raw, ecosystems, file));
  const faults = [
    ...(site.success ? [] : faultsOf(site.error)),
    ...(site.success ? importFaults(site.data.imports ?? {}) : []),
    ...(site.success ? siteFaults(site.data.sites ?? {}) : []),
    ...checked.flatMap((result) => ("faults" in result ? result.faults : [])),
  ];
  if (!site.success || faults.length > 0) throw document.error(faults);

  const mirrors = checked.flatMap((result) => ("mirror" in result ? [result.mirror] : []));
  const network = {
    bandwidth: site.data.bandwidth ?? [],
    connectionsPerHost: site.data["connections-per-host"],
    contact: site.data.contact,
  };
  const at = (relative: string): string => resolve(dirname(file), relative);
  const privateKey = site.data["private-key"];
  return {
    file: resolve(file),
    data: at(site.data.data),
    privateKey: privateKey === undefined ? undefined : at(privateKey),
    imports: importsOf(site.data.imports ?? {}, at),
    sites: sitesOf(site.data.sites ?? {}, at),
    readTokens: (site.data["read-tokens"] ?? []).flatMap((token) => secretOf(token, at) ?? []),
    listen: site.data.listen,
    workers: site.data.workers,
    connectionsPerClient: site.data["connections-per-client"],
    url: site.data.url,
    graceMs: site.data.grace,
    channelExpiryMs: site.data["channel-expiry"],
    scrub: site.data.scrub,
    network,
    mirrors,
    warnings: [
      ...mirrors.filter(({ schedule }) => schedule !== undefined).map(scheduleWarning),
      ...mirrors.flatMap((mirror) => connectionsWarning(mirror, network.connectionsPerHost)),
    ],
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

function connectionsWarning({ name, network }: MirrorConfig, perHost: number): string[] {
  const { connections = 0 } = network;
  if (connections <= perHost) return [];
  return [
    `mirrors.${name}.connections asks for ${connections}, but \`connections-per-host\` is ${perHost}, and that counts.`,
  ];
}
