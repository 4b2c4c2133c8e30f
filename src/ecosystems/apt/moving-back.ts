import type { Claim } from "../contract.ts";

/**
 * What happens to clients when a channel moves to a Release with an older Date: apt takes it for a replay, keeps its lists and says nothing
 * (acquire-item.cc, VerifyVendor). Undefined where no suite goes back.
 */
export function movingBack(from: readonly Claim[], to: readonly Claim[]): string | undefined {
  const older = to.filter((claim) => {
    const before = from.find(({ root }) => root === claim.root)?.date;
    return before !== undefined && claim.date !== undefined && claim.date < before;
  });
  if (older.length === 0) return undefined;
  const suites = older.map(({ root }) => root.replace(/^dists\//, ""));
  // As apt names the files of its lists.
  const lists = older.map(({ root }) => `/var/lib/apt/lists/*_${listName(root)}_*`);
  return (
    `apt clients that have seen the newer state of ${suites.join(", ")} keep their lists without a word (exit 0) until the channel is newer again; what these list goes on being served meanwhile, but not by \`file:\`. To move them at once, ` +
    `run \`rm -f ${lists.join(" ")} && apt-get update\` on them, or point them at the snapshot's own URL, by its id.`
  );
}

// A flat repository at the base itself shows by the dot of `./`, or not at all.
function listName(root: string): string {
  return root.replace(/\/$/, "").replaceAll("_", "%5f").replaceAll("~", "%7e").replaceAll("/", "_");
}
