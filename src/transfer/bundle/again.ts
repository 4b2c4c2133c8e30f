import { SluiceError } from "../../base/errors.ts";
import type { Site } from "../../channel/site.ts";
import { findSnapshot } from "../../snapshot/snapshots.ts";
import type { ReadStore } from "../../store/contract.ts";
import { cargoSnapshot } from "../cargo.ts";
import type { Cargo, CargoSnapshot } from "../contract.ts";
import { destinations, exportsTo, type ExportedBundle, type ExportRecord } from "../export-record.ts";
import { assumedFrom } from "./assume.ts";
import { formatCode, type Wanted } from "./codes.ts";
import { draftBundle, type Drafted } from "./draft.ts";
import { emitBundle, ownRow, type BundleResult, type EmitRequest } from "./write.ts";

/**
 * Writes parts of a bundle again, or all of it, as they were, though the channels may have moved on. Throws bundle_unknown where no such bundle was exported, or what it was
 * made of is gone.
 */
export async function writeAgain(
  site: Site,
  wanted: Wanted,
  destination: string | undefined,
  request: EmitRequest,
): Promise<BundleResult> {
  await site.author();
  const found = await findExport(site.store, wanted, destination);
  const drafted = await draftAgain(site, found);
  const parts = wanted.parts === undefined ? "all" : new Set(wanted.parts);
  const last = Math.max(0, ...(parts === "all" ? [] : parts));
  if (last > drafted.plan.length)
    throw new SluiceError(
      "usage",
      `Bundle ${wanted.bundle} has ${drafted.plan.length} parts, and no part ${last}.`,
    );
  return emitBundle(site, drafted, found.bundle.number, parts, request);
}

interface Exported {
  readonly destination: string;
  readonly record: ExportRecord;
  readonly bundle: ExportedBundle;
}

async function findExport(
  store: ReadStore,
  wanted: Wanted,
  destination: string | undefined,
): Promise<Exported> {
  const found = new Map<string, Exported>();
  for (const name of destination === undefined ? await destinations(store) : [destination]) {
    for (const { body } of await exportsTo(store, name)) {
      const { bundle } = body;
      if (bundle === undefined || bundle.number !== wanted.bundle || !bundle.id.startsWith(wanted.id ?? ""))
        continue;
      found.set(bundle.id, { destination: name, record: body, bundle });
    }
  }
  const [first] = found.values();
  if (first === undefined)
    throw unknown(wanted, "was not exported from here: check the code, and on which site it was written");
  if (found.size > 1)
    throw new SluiceError(
      "usage",
      `There are bundles ${wanted.bundle} for ${[...found.values()].map((one) => one.destination).join(" and ")}: say which by --site, or by its whole code.`,
    );
  return first;
}

async function draftAgain(site: Site, { destination, record, bundle }: Exported): Promise<Drafted> {
  const { store } = site;
  const { plan, id } = bundle;
  const wanted = { bundle: bundle.number, id };
  if (plan === undefined) throw unknown(wanted, "was exported by an older version, which did not note how");
  const refs: Cargo["refs"][number][] = [];
  for (const [name, last] of plan.refs)
    refs.push({ name, versions: (await store.refVersions(name)).filter((version) => version <= last) });
  const snapshots: CargoSnapshot[] = [];
  for (const name of record.snapshots) {
    const [mirror = "", at = ""] = name.split("@");
    const snapshot = await findSnapshot(store, mirror, at);
    if (snapshot === undefined) throw unknown(wanted, `was made of ${name}, which is no longer here`);
    snapshots.push(cargoSnapshot(snapshot.body));
  }
  const drafted = await draftBundle(store, {
    cargo: { site: (await ownRow(site)).id, refs, channels: plan.channels, snapshots },
    assumed: await assumedFrom(store, plan.assumed, bundle.base),
    created: Date.parse(plan.created),
    destination,
    partBytes: plan.partBytes,
  });
  if (drafted.bundle !== id) throw unknown(wanted, "was made of what is no longer all here");
  return drafted;
}

function unknown(wanted: Wanted, why: string): SluiceError {
  return new SluiceError(
    "bundle_unknown",
    `Bundle ${formatCode(wanted)} ${why}; or export anew with \`--full\`.`,
  );
}
