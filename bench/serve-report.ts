import { machine } from "./machine.ts";
import { median, table } from "./tables.ts";
import type { Turn } from "./serve-turn.ts";

/** One turn of each, one right after the other. */
export interface Round {
  readonly nginx: Turn;
  readonly sluice: Turn;
}

/** All rounds of one load. */
export interface Row {
  readonly file: string;
  readonly connections: number;
  readonly workers: number;
  readonly rounds: readonly Round[];
}

const LOAD = ["file", "connections", "workers"];
const PAIR = ["nginx", "Sluice"];

/**
 * Two tables in Markdown. Of each row, the third of the rounds in which other work on this host took least counts, by
 * the median; ratios are those within a round.
 */
export function render(rows: readonly Row[], settings: string): string {
  const speed = [
    ...LOAD,
    ...["requests/s", "MB/s", "p99 ms"].flatMap(named),
    "Sluice's files a second, of nginx's",
  ];
  const cost = [
    ...LOAD,
    ...["CPU µs"].flatMap(named),
    "Sluice's files a CPU second, of nginx's",
    "wrk beside nginx: CPU µs",
    "beside Sluice: CPU µs",
    "CPU of others",
  ];
  return [
    `${machine()}; ${settings}.`,
    "",
    ...table(speed, rows.map(speedOf)),
    "",
    "What a file costs in processor time:",
    "",
    ...table(cost, rows.map(costOf)),
    "",
  ].join("\n");
}

export function speedOf(row: Row): string[] {
  const { cell, percent } = cells(row);
  return [
    ...loadOf(row),
    cell(({ nginx }) => nginx.requests),
    cell(({ sluice }) => sluice.requests),
    cell(({ nginx }) => nginx.bytes / 1e6),
    cell(({ sluice }) => sluice.bytes / 1e6),
    cell(({ nginx }) => nginx.p99, 1),
    cell(({ sluice }) => sluice.p99, 1),
    percent(({ nginx, sluice }) => sluice.files / nginx.files),
  ];
}

function costOf(row: Row): string[] {
  const { cell, percent } = cells(row);
  return [
    ...loadOf(row),
    cell(({ nginx }) => nginx.cpu),
    cell(({ sluice }) => sluice.cpu),
    percent(({ nginx, sluice }) => nginx.cpu / sluice.cpu),
    cell(({ nginx }) => nginx.loadCpu),
    cell(({ sluice }) => sluice.loadCpu),
    percent(noise),
  ];
}

function loadOf({ file, connections, workers }: Row): string[] {
  return [file, String(connections), String(workers)];
}

function cells({ rounds }: Row) {
  const quiet = rounds.toSorted((a, b) => noise(a) - noise(b)).slice(0, Math.ceil(rounds.length / 3));
  const cell = (pick: (round: Round) => number, digits = 0): string =>
    median(quiet.map(pick)).toFixed(digits);
  const percent = (pick: (round: Round) => number): string => `${cell((round) => pick(round) * 100)} %`;
  return { cell, percent };
}

function noise({ nginx, sluice }: Round): number {
  return Math.max(nginx.others, sluice.others);
}

function named(title: string): string[] {
  return PAIR.map((name) => `${name} ${title}`);
}
