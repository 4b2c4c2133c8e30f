import { SluiceError } from "../base/errors.ts";
import type { ReadStore } from "../store/contract.ts";
import { checkRef, refHistory, type FindKey } from "../store/refs.ts";

export interface AuditLine {
  readonly at: string;
  readonly ref: string;
  readonly version: number;
  readonly by: string;
  readonly site: string;
  readonly why: string;
}

export interface Audit {
  /** In the order of time. */
  readonly lines: readonly AuditLine[];
  /** One sentence for each version that is missing, altered or not signed by a site that is known. */
  readonly faults: readonly string[];
}

/** The log that the refs are: who changed what, when and why, with every hash and signature checked. `name` is a ref or a prefix; empty: all. */
export async function auditRefs(store: ReadStore, name: string, siteKey: FindKey): Promise<Audit> {
  const prefix = name.replace(/\/+$/, "");
  const all = await store.listRefs("");
  const refs = all.filter((ref) => prefix === "" || ref === prefix || ref.startsWith(`${prefix}/`));
  if (refs.length === 0 && prefix !== "") {
    throw new SluiceError(
      "usage",
      `There is no record '${name}': give one such as channels/stable or snapshots/MIRROR.`,
    );
  }
  const faults: string[] = [];
  const lines: AuditLine[] = [];
  for (const ref of refs) {
    const found = await checkRef(store, ref, siteKey);
    faults.push(...found);
    if (found.length > 0 && (await unreadable(store, ref))) continue;
    for (const { at, version, by, site, why } of await refHistory(store, ref)) {
      lines.push({ at, ref, version, by, site, why });
    }
  }
  return {
    lines: lines.toSorted((a, b) => (a.at === b.at ? a.version - b.version : a.at < b.at ? -1 : 1)),
    faults,
  };
}

async function unreadable(store: ReadStore, ref: string): Promise<boolean> {
  try {
    await refHistory(store, ref);
    return false;
  } catch {
    return true;
  }
}
