import { SluiceError } from "../base/errors.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { Entry } from "../upstream/contract.ts";

/** Suites of a few packages, such as one for updates, are empty now and then. */
const MANY = 20;

/** Holds back a mirror that had many packages and would have none: signed or not, it is hardly meant. Throws `packages_gone`. */
export function holdEmptied(before: SnapshotRecord, entries: Iterable<Entry>): void {
  if (before.packages < MANY) return;
  for (const { kind } of entries) if (kind === "package") return;
  throw new SluiceError(
    "packages_gone",
    `The upstream lists no packages any more that this mirror takes, but the last snapshot, ${before.id}, has ${before.packages}: if that is meant, run once with --allow-empty.`,
  );
}
