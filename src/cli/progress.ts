import type { Emit, SluiceEvent } from "../base/events.ts";
import { sanitize } from "../base/errors.ts";
import { formatBytes, formatCount, formatSeconds } from "./format.ts";
import type { Io } from "./io.ts";
import { createLive } from "./live.ts";
import { createRate, type Rate } from "./rate.ts";
import { paint } from "./table.ts";

export interface Progress {
  readonly emit: Emit;
  /** The mirror is done: its live line goes, and `write` may print its result. */
  finish(mirror: string, write: () => void): void;
  /** Takes the live lines away; nothing may be emitted after it. */
  done(): void;
}

type Moving = Extract<SluiceEvent, { event: "progress" }>;

/** Milliseconds between two reports of one mirror's progress. */
const EVERY = { live: 100, plain: 10_000, json: 500 } as const;

/**
 * Shows what happens during a run: live lines on a terminal, plain lines elsewhere, both on stderr; with --json every event as one line on
 * stdout; with --quiet only warnings.
 */
export function createProgress(io: Io, options: { json: boolean; quiet: boolean }): Progress {
  const style = options.json ? "json" : io.err.isTTY === true ? "live" : "plain";
  const live = createLive(io.err);
  const mirrors = new Map<string, { rate: Rate; shownAt: number }>();

  function progressed(event: Moving): void {
    const known = mirrors.get(event.mirror) ?? { rate: createRate(), shownAt: -Infinity };
    mirrors.set(event.mirror, known);
    const now = io.now();
    known.rate.add(now, event.bytes);
    const finished = event.files === event.totalFiles;
    // A plain line says something that the end of the run does not: the first one comes after a while.
    if (style === "plain" && known.shownAt === -Infinity) known.shownAt = now;
    if (!finished && now - known.shownAt < EVERY[style]) return;
    if (style === "plain" && finished) return;
    known.shownAt = now;
    if (style === "json") io.out.write(`${JSON.stringify(event)}\n`);
    else if (style === "live") live.set(event.mirror, progressLine(event, known.rate.perSecond()));
    else io.err.write(`${progressLine(event, known.rate.perSecond())}\n`);
  }

  return {
    emit(event) {
      if (event.event === "warning") {
        const head = paint("yellow", "sluice: warning:", io.err, io.env);
        live.print(`${head} ${sanitize(warningText(event))}`);
      }
      if (options.quiet && event.event !== "warning") return;
      if (style === "json" && event.event !== "progress") io.out.write(`${JSON.stringify(event)}\n`);
      if (event.event === "progress") return progressed(event);
      if (style === "json") return;
      const text = lineOf(event);
      if (text !== undefined) live.print(sanitize(text));
      if (event.event === "phase") {
        if (event.phase !== "fetch") mirrors.delete(event.mirror);
        if (style === "live") live.set(event.mirror, `${event.mirror}  ${PHASES[event.phase]} …`);
      }
    },
    finish: (mirror, write) => live.remove(mirror, write),
    done: () => live.clear(),
  };
}

const PHASES = {
  roots: "asking the upstream",
  metadata: "reading and proving metadata",
  plan: "planning",
  fetch: "fetching",
  check: "checking",
  commit: "committing",
} as const;

/** The line that an event leaves behind, if it does. */
function lineOf(event: SluiceEvent): string | undefined {
  switch (event.event) {
    case "signers":
      return `${event.mirror}: ${event.root} ${signedBy(event)}${event.weak.length === 0 ? "" : `; weak: ${event.weak.join(", ")}`}`;
    case "filtered":
      return `${event.mirror}: left out ${event.left} of ${formatCount(event.listed, "package")}${event.unmatched.length === 0 ? "" : `; nothing matches ${event.unmatched.map((glob) => `\`${glob}\``).join(", ")}`}`;
    case "plan":
      return `${event.mirror}: ${formatCount(event.files, "file")}, ${formatBytes(event.bytes)}; to fetch: ${formatCount(event.fetchFiles, "file")}, ${formatBytes(event.fetchBytes)} (${formatBytes(event.freeBytes)} free)`;
    case "restart":
      return `${event.mirror}: what the upstream gave does not fit together, so it is read again (${event.attempt}): ${event.reason}`;
    case "retry":
      return `${event.url}: ${event.reason}; attempt ${event.attempt} in ${formatSeconds(event.waitMs / 1000)}`;
    default:
      return undefined;
  }
}

function signedBy(event: Extract<SluiceEvent, { event: "signers" }>): string {
  if (event.signers.length === 0) return "is taken without a signature (trust: none)";
  return `signed by ${event.signers.map(({ userId, fingerprint }) => `${userId} (${fingerprint})`).join(", ")}`;
}

function warningText(event: Extract<SluiceEvent, { event: "warning" }>): string {
  return event.mirror === undefined ? event.message : `${event.mirror}: ${event.message}`;
}

function progressLine(event: Moving, perSecond: number): string {
  const share = event.totalBytes === 0 ? 1 : Math.min(1, event.bytes / event.totalBytes);
  const left = perSecond > 0 ? `, ${formatSeconds((event.totalBytes - event.bytes) / perSecond)} left` : "";
  const files = `${event.files}/${formatCount(event.totalFiles, "file")}`;
  const bytes = `${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}`;
  return `${event.mirror}  ${Math.floor(share * 100)} %  ${files}  ${bytes}  ${formatBytes(perSecond)}/s${left}`;
}
