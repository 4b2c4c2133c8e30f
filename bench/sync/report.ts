import { machine } from "../machine.ts";
import { median, table } from "../tables.ts";
import type { Turn, Update } from "./cell.ts";
import type { DiskKind } from "./disk.ts";
import type { Column } from "./rounds.ts";
import type { Run } from "./tools/tool.ts";
import type { Upstream } from "./upstream.ts";

const DISKS: Readonly<Record<DiskKind, string>> = {
  ext4: "a journaled ext4 in a file whose blocks are all there, made anew for each turn",
  tmpfs: "a tmpfs",
  folder: "a folder of the system's own file system",
};

/** Tables in Markdown, and how Sluice stands beside the others, by ratios within the rounds. */
export function render(columns: readonly Column[], disk: DiskKind): string {
  const upstreams = [...new Set(columns.map((column) => column.upstream))];
  const parts = [`${machine()}; on ${DISKS[disk]}.`, ""];
  for (const upstream of upstreams) {
    const own = columns.filter((column) => column.upstream === upstream);
    parts.push(`### ${titleOf(upstream)}`, "", ...updates(own), "", ...ratios(own));
  }
  for (const upstream of upstreams.filter(({ rtt }) => rtt === upstreams[0]?.rtt)) {
    const own = columns.filter((column) => column.upstream === upstream);
    parts.push(`### Snapshots: ${titleOf(upstream)}`, "", ...snapshots(own), "");
  }
  return parts.join("\n");
}

function titleOf({ archive, rtt }: Upstream): string {
  const { packages, bytes } = archive.spec;
  return `${packages.toLocaleString("en")} packages, ${(bytes / 1e6).toFixed(0)} MB, ${rtt} ms round trip`;
}

const UPDATES = ["first s", "sync s", "CPU s", "MiB", "requests"];
const LATER = ["no news s", "CPU s", "requests", "1 % s", "CPU s", "requests"];

function updates(columns: readonly Column[]): string[] {
  const rows = columns.map(({ tool, turns, remark }) => {
    if (turns.length === 0)
      return [tool.name, "0", remark ?? "", ...blanks(UPDATES.length + LATER.length - 1)];
    const cell = (pick: (turn: Turn) => number, digits = 2): string => figure(turns.map(pick), digits);
    const count = (pick: (turn: Turn) => Update): string =>
      tool.http ? cell((turn) => pick(turn).requests, 0) : "";
    return [
      tool.name,
      String(turns.length),
      cell((turn) => turn.first.seconds),
      cell((turn) => turn.first.syncSeconds),
      cell((turn) => turn.first.cpu),
      cell((turn) => turn.first.bytes / 2 ** 20, 0),
      count((turn) => turn.first),
      cell((turn) => turn.noop.seconds),
      cell((turn) => turn.noop.cpu),
      count((turn) => turn.noop),
      cell((turn) => turn.change.seconds),
      cell((turn) => turn.change.cpu),
      count((turn) => turn.change),
    ];
  });
  return table(["tool", "n", ...UPDATES, ...LATER], rows);
}

const SNAPSHOTS = [
  "publish s",
  "CPU s",
  "switch s",
  "CPU s",
  "same packages s",
  "CPU s",
  "MB more",
  "in files",
  "inodes more",
];

function snapshots(columns: readonly Column[]): string[] {
  const rows = columns
    .filter(({ turns }) => turns.length > 0)
    .map(({ tool, turns }) => {
      const cell = (pick: (turn: Turn) => number, digits = 2): string => figure(turns.map(pick), digits);
      const whole = (key: keyof Pick<Run, "seconds" | "cpu">) => [
        cell((turn) => turn.publish[key]),
        cell((turn) => turn.switch[key]),
        cell((turn) => turn.again[key]),
      ];
      const [publish = "", change = "", again = ""] = whole("seconds");
      const [publishCpu = "", changeCpu = "", againCpu = ""] = whole("cpu");
      return [
        tool.name,
        publish,
        publishCpu,
        change,
        changeCpu,
        again,
        againCpu,
        cell((turn) => turn.room.bytes / 1e6, 1),
        cell((turn) => turn.room.inFiles / 1e6, 1),
        cell((turn) => turn.room.inodes, 0),
      ];
    });
  const commits = columns.flatMap(({ tool, turns }) => {
    const found = (pick: (turn: Turn) => Run): string =>
      figure(
        turns.flatMap((turn) => pick(turn).commit ?? []),
        2,
      );
    return turns.some((turn) => turn.first.commit !== undefined)
      ? [
          `${tool.name}: from the last package to the end, with the barrier, the record, the tree and \`latest\`: first sync ${found((turn) => turn.first)} s, 1 % ${found((turn) => turn.change)} s, same packages ${found((turn) => turn.again)} s.`,
        ]
      : [];
  });
  return [...table(["tool", ...SNAPSHOTS], rows), "", ...commits];
}

/** How many times as long the others take, within each round. */
function ratios(columns: readonly Column[]): string[] {
  return columns.flatMap(({ tool, turns }) => {
    if (!tool.name.startsWith("sluice") || turns.length === 0) return [];
    const others = columns.filter((other) => !other.tool.name.startsWith("sluice") && other.turns.length > 0);
    if (others.length === 0) return [];
    const told = others.map((other) => {
      const times = (pick: (turn: Turn) => number): string =>
        figure(
          turns.flatMap((turn, round) => {
            const beside = other.turns[Math.min(round, other.turns.length - 1)];
            return beside === undefined ? [] : [pick(beside) / pick(turn)];
          }),
          2,
        );
      return `${other.tool.name} ${times((turn) => turn.first.seconds)} (made durable: ${times((turn) => turn.first.seconds + turn.first.syncSeconds)})`;
    });
    return [`First sync, as many times the time of ${tool.name}: ${told.join("; ")}.`, ""];
  });
}

/** The median, and the least of several. */
function figure(values: readonly number[], digits: number): string {
  if (values.length === 0) return "";
  const middle = median(values).toFixed(digits);
  const least = Math.min(...values).toFixed(digits);
  return middle === least ? middle : `${middle} (${least})`;
}

function blanks(count: number): string[] {
  return Array.from({ length: count }, () => "");
}
