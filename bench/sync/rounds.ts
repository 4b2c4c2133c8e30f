import { TooSlow } from "../peak.ts";
import { isInstalled } from "../../test/needs.ts";
import { takeTurn, type Turn } from "./cell.ts";
import type { Disk } from "./disk.ts";
import type { Tool } from "./tools/tool.ts";
import type { Upstream } from "./upstream.ts";

/** What became of one tool at one upstream. */
export interface Column {
  readonly tool: Tool;
  readonly upstream: Upstream;
  readonly turns: readonly Turn[];
  /** Why there are no turns, or no more. */
  readonly remark: string | undefined;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Per run of a tool. */
  readonly limitMs: number;
  /** A tool whose first sync takes longer than this has one turn. */
  readonly onceAboveMs: number;
  readonly say: (text: string) => void;
}

/** All tools at all upstreams in turn, round after round: what else the machine does meanwhile falls on all alike. */
export async function runRounds(
  tools: readonly Tool[],
  upstreams: readonly Upstream[],
  disk: Disk,
  options: RoundOptions,
): Promise<Column[]> {
  const columns = upstreams.flatMap((upstream) =>
    tools.map((tool) => ({ tool, upstream, turns: [] as Turn[], remark: missing(tool) })),
  );
  for (let round = 1; round <= options.rounds; round++) {
    for (const column of columns) {
      const { tool, upstream, turns } = column;
      if (column.remark !== undefined || isSlow(turns[0], options)) continue;
      const what = `${round}/${options.rounds} ${upstream.archive.spec.name} ${upstream.rtt} ms ${tool.name}`;
      try {
        const turn = await takeTurn(tool, upstream, disk, options.limitMs);
        turns.push(turn);
        options.say(`${what}: ${turn.first.seconds.toFixed(2)} s, ${turn.first.cpu.toFixed(2)} s CPU`);
      } catch (error) {
        // What the others did counts all the same.
        column.remark = error instanceof TooSlow ? `more than ${options.limitMs / 1000} s` : "failed";
        options.say(`${what}: ${column.remark}${error instanceof TooSlow ? "" : `\n${String(error)}`}`);
      }
    }
  }
  return columns;
}

function missing(tool: Tool): string | undefined {
  const programs = tool.needs.filter(({ program }) => !isInstalled(program));
  return programs.length === 0
    ? undefined
    : `not installed here: ${programs.map(({ program }) => program).join(", ")}`;
}

function isSlow(turn: Turn | undefined, { onceAboveMs }: RoundOptions): boolean {
  return turn !== undefined && turn.first.seconds * 1000 > onceAboveMs;
}
