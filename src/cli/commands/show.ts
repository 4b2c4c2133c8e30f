import { showSnapshot, type ShownSnapshot } from "../../channel/list.ts";
import { parseTarget } from "../../channel/targets.ts";
import type { Claim } from "../../ecosystems/contract.ts";
import { readConfig, type Context } from "../context.ts";
import { formatAge, formatBytes, formatCount, formatExpiry, formatFingerprint } from "../format.ts";
import { checkKnown, withReader } from "../site.ts";

/** `sluice show MIRROR[@X]`: one snapshot in full. */
export async function show(context: Context, target: string): Promise<void> {
  const config = await readConfig(context);
  const { mirror, x } = parseTarget(target);
  const shown = await withReader(context, config, async (store) => {
    await checkKnown(config, store, mirror);
    return showSnapshot(store, mirror, x);
  });
  context.output.json(shown);
  for (const line of describe(shown, context.io.now())) context.output.line(line);
}

function describe(shown: ShownSnapshot, now: number): string[] {
  const channels = Object.keys(shown.channels).map(
    (name) => `${name} (${formatExpiry(shown.expires[name] ?? null, now)})`,
  );
  return [
    `${shown.mirror}@${shown.id}  (${shown.ecosystem}, ${shown.mode})`,
    `  made      ${shown.created} (${formatAge(Date.parse(shown.created), now)})`,
    `  from      ${shown.upstream.join(", ")}`,
    `  holds     ${formatCount(shown.packages, "package")}, ${formatCount(shown.files, "file")}, ${formatBytes(shown.bytes)}`,
    `  channels  ${channels.length === 0 ? "none" : channels.join(", ")}`,
    `  manifest  ${shown.manifest}`,
    ...(shown.pinned === null ? [] : [`  pinned    ${shown.pinned}`]),
    ...(shown.weak.length === 0 ? [] : [`  weak      ${shown.weak.join("; ")}`]),
    ...shown.claims.flatMap((claim) => claimLines(claim, now)),
    ...holeLines(shown),
  ];
}

function holeLines({ holes }: ShownSnapshot): string[] {
  if (holes.length === 0) return [];
  const lines = holes.map(({ path, name = "", version = "", arch = "" }) =>
    `    ${path}  ${name} ${version} ${arch}`.trimEnd(),
  );
  return [
    `  missing: ${formatCount(holes.length, "package")} that no upstream had (allow-missing)`,
    ...lines,
  ];
}

function claimLines(claim: Claim, now: number): string[] {
  const dated =
    claim.date === undefined ? "no date" : `dated ${iso(claim.date)} (${formatAge(claim.date, now)})`;
  const { validUntil } = claim;
  const expired = validUntil !== undefined && validUntil < now;
  const until = validUntil === undefined ? "" : `, ${expired ? "expired" : "valid until"} ${iso(validUntil)}`;
  return [
    `  ${claim.root}  (${claim.names.join(", ")}): ${dated}${until}`,
    ...claim.signers.map(
      (signer) =>
        `    signed by ${formatFingerprint(signer.fingerprint)}  ${signer.userId}, ${iso(signer.signedAt)}`,
    ),
  ];
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}
