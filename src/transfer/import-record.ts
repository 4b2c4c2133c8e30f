import { siteFolder } from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import { checkShape } from "../snapshot/record-shape.ts";
import type { ReadStore } from "../store/contract.ts";
import type { ScanVerdict } from "./scan.ts";
import { appendRef, latestRef } from "../store/refs.ts";

/** What this site has imported from another one, so far: the ref `imports/<site id>`. A version is written for each import that brought something. */
export interface ImportRecord {
  readonly site: string;
  readonly from: {
    readonly kind: "medium" | "bundle" | "site";
    readonly name: string;
    readonly bundles?: readonly number[];
  };
  /** The newest version of each of the sender's channels that was taken. */
  readonly channels: Readonly<Record<string, number>>;
  /** The sender's name of each mirror, and ours. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** What this import brought. */
  readonly snapshots: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** Every bundle that was ever taken from this sender, by number. */
  readonly bundles: readonly number[];
  /** Ids of the bundles that were taken last: numbers are counted for each destination. Absent in records of a time when numbers alone were noted. */
  readonly taken?: readonly string[];
  /** What the program of `scan` said; where it refused a file, nothing came of the import. */
  readonly scan?: ScanVerdict;
}

/** So many ids are noted. A bundle from before them, where it still lies in a drop folder, is read again to no effect. */
export const MOST_TAKEN = 256;

const ref = (sender: string): string => `imports/${sender}`;

export async function lastImport(store: ReadStore, sender: string): Promise<ImportRecord | undefined> {
  const found = await latestRef<ImportRecord>(store, ref(sender));
  return found && checkShape(found).body;
}

/** Ids of all sites that something was imported from. */
export async function importedSites(store: ReadStore): Promise<string[]> {
  return (await store.listRefs("imports/")).map((name) => name.slice("imports/".length));
}

export async function writeImport(site: Site, body: ImportRecord): Promise<void> {
  const before = await latestRef<ImportRecord>(site.store, ref(body.site));
  const why = `import ${body.from.kind} ${body.from.name}`;
  await appendRef(site.store, await site.author(), ref(body.site), before, { body, why, at: site.clock() });
}

/** Where a ref of the sender is kept here; what the sender had from others keeps its own folder. */
export function keptAt(sender: string): (ref: string) => string {
  return (name) => (name.startsWith("sites/") ? name : `${siteFolder(sender)}${name}`);
}
