import { peakOf, type Peak } from "../../peak.ts";
import { plainEnv } from "../../../test/run.ts";
import type { Upstream } from "../upstream.ts";

/** A program that mirrors, as its own documentation would have it called. */
export interface Tool {
  readonly name: string;
  /** Programs that must be installed, with the Debian package of each. */
  readonly needs: readonly { readonly program: string; readonly debian: string }[];
  /** False for what does not go over HTTP: its requests are not counted. */
  readonly http: boolean;
  prepare(place: Place): Promise<Mirroring>;
}

export interface Place {
  /** An empty folder for the mirror and all that goes with it. */
  readonly folder: string;
  readonly upstream: Upstream;
  readonly limitMs: number;
}

/** One mirror of one upstream, which is made by the first update and brought up to date by each later one. */
export interface Mirroring {
  update(): Promise<Run>;
  /** Keeps the present state, and lets clients have it; `number` counts these, from 1. */
  publish(number: number): Promise<Run>;
}

export interface Run {
  readonly seconds: number;
  readonly cpu: number;
  /** Of the largest process. */
  readonly bytes: number;
  /** Seconds from the moment that the tool had all packages to its end; where it says when that was. */
  readonly commit?: number | undefined;
}

/** Runs commands one after the other, and sums up. */
export async function runAll(place: Place, ...commands: readonly (readonly string[])[]): Promise<Run> {
  const peaks: Peak[] = [];
  for (const [program = "", ...args] of commands) {
    const env = plainEnv({ HOME: place.folder });
    peaks.push(await peakOf(program, args, env, { cwd: place.folder, limitMs: place.limitMs }));
  }
  return {
    seconds: peaks.reduce((sum, peak) => sum + peak.seconds, 0),
    cpu: peaks.reduce((sum, peak) => sum + peak.cpu, 0),
    bytes: Math.max(...peaks.map((peak) => peak.bytes)),
  };
}

/** What those do who have a mirror that keeps no states: a copy of all names, by hard links. */
export async function copyOfLinks(place: Place, mirror: string, number: number): Promise<Run> {
  return await runAll(place, ["cp", "-al", mirror, `${mirror}.${number}`]);
}
