import type { Advisory, Ecosystem } from "../../ecosystems/contract.ts";
import { broughtAdvisories, type BroughtAdvisories } from "../../snapshot/advisories.ts";
import { diffPackages, type SnapshotDiff } from "../../snapshot/diff.ts";
import { readManifest } from "../../snapshot/manifest.ts";
import { findSnapshot, readSnapshot } from "../../snapshot/snapshots.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { Cargo } from "../contract.ts";
import type { Assumed } from "./assume.ts";
import type { BundleManifest } from "./layout.ts";

/** What a bundle changes at a site that has what it builds on. */
export interface BundleReport {
  readonly bundle: string;
  readonly number: number;
  readonly created: string;
  readonly site: string;
  readonly mirrors: readonly MirrorReport[];
}

export interface MirrorReport extends SnapshotDiff, Partial<BroughtAdvisories> {
  readonly mirror: string;
  readonly from: string | null;
  readonly to: string;
}

export async function reportOf(
  store: ReadStore,
  find: (ecosystem: string) => Ecosystem | undefined,
  manifest: BundleManifest,
  cargo: Cargo,
  assumed: Assumed,
): Promise<BundleReport> {
  const mirrors: MirrorReport[] = [];
  for (const { mirror, id, ecosystem, manifest: now } of cargo.snapshots) {
    const from = assumed.snapshots.get(mirror);
    const before = from === undefined ? undefined : await findSnapshot(store, mirror, from);
    const old =
      before === undefined ? [] : await readManifest(store, before.body.manifest, `${mirror}@${from}`);
    const adapter = find(ecosystem);
    const compare = adapter?.compareVersions ?? ((a: string, b: string): number => (a < b ? -1 : 1));
    const fresh = await readManifest(store, now, `${mirror}@${id}`);
    const changes = diffPackages(old, fresh, compare);
    const record = (await readSnapshot(store, mirror, id)).body;
    const advisories = await broughtAdvisories(store, adapter, record, fresh, changes);
    mirrors.push({ mirror, from: from ?? null, to: id, ...changes, ...advisories });
  }
  const { bundle, number, created, site } = manifest;
  return { bundle, number, created, site, mirrors };
}

/** The report as one page without anything outside of it. */
export function reportPage(report: BundleReport): string {
  const rows = (mirror: MirrorReport): string[] => [
    ...mirror.added.map(({ name, arch, version }) => row("added", name, arch, "", version)),
    ...mirror.removed.map(({ name, arch, version }) => row("removed", name, arch, version, "")),
    ...mirror.changed.map(({ name, arch, from, to }) => row("changed", name, arch, from, to)),
  ];
  const sections = report.mirrors.map((mirror) =>
    [
      `<h2>${escape(mirror.mirror)}: ${escape(mirror.from ?? "nothing")} to ${escape(mirror.to)}</h2>`,
      `<p>${mirror.added.length} packages added, ${mirror.removed.length} removed, ${mirror.changed.length} changed</p>`,
      "<table><tr><th></th><th>package</th><th>architecture</th><th>before</th><th>after</th></tr>",
      ...rows(mirror),
      "</table>",
      ...advisoryTable(mirror.advisories ?? []),
    ].join("\n"),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bundle ${report.number}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .8rem .2rem 0}</style></head>
<body><h1>Bundle ${report.number}</h1>
<p>${escape(report.created)}, written by the site ${escape(report.site)}, id ${escape(report.bundle)}</p>
${sections.join("\n")}
</body></html>
`;
}

function advisoryTable(advisories: readonly Advisory[]): string[] {
  if (advisories.length === 0) return [];
  return [
    "<h3>Advisories</h3>",
    "<table><tr><th></th><th>kind</th><th>severity</th><th>title</th><th>CVEs</th></tr>",
    ...advisories.map(({ id, kind, severity = "", title, cves }) =>
      row(id, kind, severity, title, cves.join(" ")),
    ),
    "</table>",
  ];
}

function row(...cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
