import { SluiceError } from "../base/errors.ts";
import type { Claim } from "../ecosystems/contract.ts";
import { judgeSigners } from "../snapshot/judge.ts";
import type { Trust } from "../trust/contract.ts";

export interface Admission {
  readonly trust: Trust;
  /** Claims of the mirror's last snapshot. */
  readonly previous: readonly Claim[];
  /** Ms since 1970. */
  readonly now: number;
  readonly allowExpired: boolean;
  readonly allowOlder: boolean;
  readonly allowRename: boolean;
  /** What the ecosystem says of renamed roots. */
  readonly renaming?: string | undefined;
}

/** Clocks of two sound hosts may differ by this much. */
const CLOCK_SLACK = 5 * 60_000;

/** Holds a root to freshness and to no going back, and to its names; throws root_expired, root_older, root_future, root_renamed, key_expired or key_revoked. */
export function admit(claim: Claim, admission: Admission): void {
  const { now } = admission;
  judgeSigners(claim, admission.trust, now, true);
  if (claim.date !== undefined && claim.date > now + CLOCK_SLACK) {
    throw new SluiceError(
      "root_future",
      `${claim.root} is dated ${iso(claim.date)}, which is in the future for this host: check its clock.`,
    );
  }
  if (claim.validUntil !== undefined && claim.validUntil < now && !admission.allowExpired) {
    throw new SluiceError(
      "root_expired",
      `${claim.root} expired on ${iso(claim.validUntil)}: the upstream is stale or withholds updates; use another, or say \`allow-expired: true\` for an archive.`,
    );
  }
  const last = admission.previous.find((one) => one.root === claim.root);
  const before = last?.date;
  if (before !== undefined && !admission.allowOlder && (claim.date === undefined || claim.date < before)) {
    const found = claim.date === undefined ? "has no date" : `is dated ${iso(claim.date)}`;
    throw new SluiceError(
      "root_older",
      `${claim.root} ${found}, but the last snapshot has ${iso(before)}: the upstream went back, or replays old metadata; use another, or run once with --allow-older.`,
    );
  }
  if (last?.serial !== undefined && !admission.allowOlder && !((claim.serial ?? -1) >= last.serial)) {
    const found = claim.serial === undefined ? "has no number any more" : `has the number ${claim.serial}`;
    throw new SluiceError(
      "root_older",
      `${claim.root} ${found}, but the last snapshot has ${last.serial}: the upstream went back, or replays old metadata; use another, or run once with --allow-older.`,
    );
  }
  if (last !== undefined && !admission.allowRename) holdNames(last, claim, admission.renaming);
}

// A suite that becomes oldstable is no attack, but clients stop at it, and what they pin by name is no longer there.
function holdNames(last: Claim, claim: Claim, renaming: string | undefined): void {
  if (last.names.join("\n") === claim.names.join("\n")) return;
  const names = (of: Claim): string => (of.names.length === 0 ? "no name" : `'${of.names.join("', '")}'`);
  throw new SluiceError(
    "root_renamed",
    `${claim.root} now calls itself ${names(claim)}, but ${names(last)} in the last snapshot: if that is meant, run once with --allow-rename.`,
    renaming === undefined ? {} : { hint: renaming },
  );
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}
