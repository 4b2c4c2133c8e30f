import { equal, fail, ok } from "node:assert/strict";
import type { Ran } from "../run.ts";
import { jsonLines } from "../clients/sluice.ts";

/** How often each operation comes, and how it may be refused: by what another process does, or the upstream. */
const OPERATIONS = {
  sync: { weight: 5, refusals: ["root_older", "upstream_moving", "file_missing", "blob_missing"] },
  promote: { weight: 4, refusals: ["ref_conflict", "unknown_channel", "unknown_snapshot"] },
  rollback: { weight: 3, refusals: ["ref_conflict", "unknown_channel", "nothing_to_do"] },
  gc: { weight: 3, refusals: [] },
  verify: { weight: 2, refusals: [] },
  list: { weight: 2, refusals: [] },
  pin: { weight: 2, refusals: ["unknown_snapshot", "ref_conflict"] },
  unpin: { weight: 2, refusals: ["unknown_snapshot", "ref_conflict"] },
} as const;

type Name = keyof typeof OPERATIONS;

export interface Operation {
  readonly name: Name;
  readonly args: readonly string[];
}

/** A change of a channel that was reported done. */
export interface Reported {
  readonly channel: string;
  readonly version: number;
  readonly why: string;
  readonly to: Readonly<Record<string, string | undefined>>;
}

/** An operation of the crowd by chance; `ids` are those of snapshots that there are, or were. */
export function anyOperation(random: () => number, ids: readonly string[]): Operation {
  const name = anyName(random());
  const id = `m@${ids[Math.floor(random() * ids.length)] ?? "20260101T000000Z"}`;
  const to = random() < 0.7 ? "stable" : "testing";
  switch (name) {
    case "sync":
      return { name, args: ["sync", "m", "--json"] };
    case "promote":
      return { name, args: ["promote", random() < 0.7 ? "latest" : id, to, "--yes", "--json"] };
    case "rollback":
      return { name, args: ["rollback", to, "--yes", "--json"] };
    case "pin":
    case "unpin":
      return { name, args: ["snapshot", name, id] };
    default:
      return { name, args: [name] };
  }
}

function anyName(chance: number): Name {
  const names = Object.keys(OPERATIONS) as Name[];
  const total = names.reduce((sum, name) => sum + OPERATIONS[name].weight, 0);
  let left = chance * total;
  return names.find((name) => (left -= OPERATIONS[name].weight) < 0) ?? "list";
}

/** Holds that a run was done, or was refused for a reason that it may have; gives that. */
export function outcomeOf({ name, args }: Operation, { code, stdout, stderr }: Ran): string {
  const what = `sluice ${args.join(" ")}: ${stderr}\n${stdout}`;
  if (code === 0) return "done";
  const codes = [...stderr.matchAll(/error\[(\w+)\]/g)].map(([, one]) => one ?? "");
  // Whoever looks after a crash may have been stopped at it.
  const allowed: readonly string[] = [...OPERATIONS[name].refusals, "locked"];
  ok(codes.length > 0, what);
  for (const one of codes) if (!allowed.includes(one)) fail(what);
  return codes[0] ?? "";
}

/** What a move that was done has changed. */
export function reportedBy({ name, args }: Operation, { stdout }: Ran): Reported | undefined {
  if (name !== "promote" && name !== "rollback") return undefined;
  const [line] = jsonLines<{
    channel: string;
    version: number | null;
    changes: readonly { mirror: string; to?: string }[];
  }>(stdout);
  if (line === undefined || line.version === null || line.changes.length === 0) return undefined;
  equal(typeof line.version, "number", stdout);
  return {
    channel: line.channel,
    version: line.version,
    why: args.filter((arg) => !arg.startsWith("--")).join(" "),
    to: Object.fromEntries(line.changes.map(({ mirror, to }) => [mirror, to])),
  };
}
