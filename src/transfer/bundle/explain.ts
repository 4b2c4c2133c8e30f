import { formatCode, formatRanges } from "./codes.ts";
import type { Faults } from "./members.ts";
import type { OpenedBundle } from "./open.ts";

/** A sentence for each part that is bad. */
export function damageOf(faults: Faults): string[] {
  return [...faults.values()].map(({ message }) => message);
}

/** A sentence for each part of the bundle that is bad, one for those that are not here, and the code of them all. */
export function defectsOf(bundle: OpenedBundle, faults: Faults): string[] {
  const own = [...faults.values()].filter((fault) => fault.bundle === bundle);
  const missing = bundle.manifest.parts.filter(({ name }) => !bundle.parts.has(name)).map(({ n }) => n);
  const parts = [...own.map(({ n }) => n), ...missing];
  if (parts.length === 0) return [];
  const found = [...damageOf(faults), ...missingParts(new Map([[bundle, missing]]))];
  return [...found, writeAgain([codeOf(bundle, parts)])];
}

function writeAgain(codes: readonly string[]): string {
  return `The site that wrote it can write that again: \`sluice export --only ${codes.join(" ")} --to FOLDER\`; then import FOLDER together with what is here.`;
}

function codeOf({ manifest }: OpenedBundle, parts: readonly number[]): string {
  return formatCode({ bundle: manifest.number, id: manifest.bundle, parts });
}

/** Why files are lacking, one sentence for each cause, the last with the codes of what is to be written again. */
export function explain(
  bundle: OpenedBundle,
  all: readonly OpenedBundle[],
  lacking: ReadonlyMap<string, number>,
  faults: Faults,
): string[] {
  const missing = new Map<OpenedBundle, number[]>();
  const again = new Map<OpenedBundle, number[]>();
  for (const fault of faults.values()) add(again, fault.bundle, fault.n);
  let elsewhere = 0;
  for (const sha256 of lacking.keys()) {
    const holder = all.find(({ places }) => places.has(sha256));
    if (holder === undefined) elsewhere++;
    for (const n of holder?.places.get(sha256) ?? []) {
      const part = holder?.manifest.parts[n - 1];
      if (holder === undefined || part === undefined || holder.parts.has(part.name)) continue;
      add(missing, holder, n);
      add(again, holder, n);
    }
  }
  const reasons = [...damageOf(faults), ...missingParts(missing)];
  if (elsewhere > 0) reasons.push(lackingBase(bundle, all, elsewhere));
  const codes = [...again].map(([one, parts]) => codeOf(one, parts));
  return codes.length === 0 ? reasons : [...reasons, writeAgain(codes)];
}

function add(to: Map<OpenedBundle, number[]>, bundle: OpenedBundle, n: number): void {
  const known = to.get(bundle);
  if (known === undefined) to.set(bundle, [n]);
  else known.push(n);
}

function missingParts(missing: ReadonlyMap<OpenedBundle, readonly number[]>): string[] {
  return [...missing].flatMap(([{ manifest }, parts]) => {
    if (parts.length === 0) return [];
    const verb = new Set(parts).size === 1 ? "is" : "are";
    const what = `part ${formatRanges(parts)} ${verb} not here`;
    return [`Of bundle ${manifest.number}, ${what}: bring the medium with it.`];
  });
}

function lackingBase(bundle: OpenedBundle, all: readonly OpenedBundle[], files: number): string {
  const here = new Set(all.map(({ manifest }) => manifest.number));
  const before = bundle.manifest.base.filter((number) => !here.has(number));
  if (before.length === 0)
    return `${files} files are in none of its parts: have it written again with \`--full\`.`;
  return `${files} files came with an earlier bundle, ${before.slice(-5).join(" or ")}, which was not imported here, or whose files are gone: import it first, or have this one written with \`--full\`.`;
}
