import { z } from "zod";
import { BYTE_UNITS } from "../base/byte-units.ts";
import { constantRate, type Bandwidth, type BandwidthWindow } from "../upstream/bandwidth.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ...BYTE_UNITS,
  ["kbit", 1e3 / 8],
  ["Mbit", 1e6 / 8],
  ["Gbit", 1e9 / 8],
]);
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MIDNIGHT = 24 * 60;

/** Bytes a second of a rate such as `20MB/s`, `800 kB/s`, `100Mbit/s`; Infinity for `unlimited`; undefined where it is none. */
export function parseRate(text: string): number | undefined {
  if (text === "unlimited") return Infinity;
  const [, figure, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]+)\/s$/.exec(text) ?? [];
  const factor = UNITS.get(unit);
  return factor === undefined ? undefined : Number(figure) * factor;
}

/** Minutes since midnight of `08:00`; 1440 for `24:00`; undefined where it is no time. */
export function parseTime(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return total <= MIDNIGHT && Number(minutes) < 60 ? total : undefined;
}

/** Days of `sat` or `mon-fri`, 0 for Sunday; a range may go over the weekend, as `fri-mon`. Undefined where it names none. */
export function parseDays(text: string): number[] | undefined {
  const [first = "", last = first, more] = text.toLowerCase().split("-");
  const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
  if (from < 0 || to < 0 || more !== undefined) return undefined;
  const length = ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_, step) => (from + step) % 7);
}

/** A text that `read` understands; `wanted` goes on from the field's name. */
function readable<T>(read: (text: string) => T | undefined, wanted: string) {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `${wanted}, not '${text.slice(0, 40)}'` });
    return z.NEVER;
  });
}

const RATE = "must be a rate with its unit, such as 20MB/s, 800kB/s or 100Mbit/s, or unlimited";
const rate = readable(parseRate, RATE).refine(
  (bytes) => bytes >= 1000,
  "must be at least 1kB/s: upstreams give up on slower readers",
);
const time = readable(parseTime, 'must be a time of the day, such as "08:00"');
const days = z.array(readable(parseDays, "must be a day or days, such as sat or mon-fri")).min(1);

const windows = z
  .array(
    z.strictObject({
      from: time.optional().describe("When the window begins, by local time; midnight if left out."),
      to: time.optional().describe("When it ends; midnight if left out. Before `from`: on the next day."),
      days: days.optional().describe("Days on which it begins, such as `[mon-fri]`; every day if left out."),
      rate: rate.describe("The limit in this window."),
    }),
  )
  .min(1);

export const BANDWIDTH_FORM =
  "A rate such as `20MB/s`, or a list of windows, of which the first that holds counts; no limit where none does. Windows go by local time.";

/** A rate, or windows of the week with theirs; the first that holds counts, and where none does there is no limit. */
export const bandwidth = z
  .union([rate, windows], { error: ratherText })
  .transform((value, context): Bandwidth => {
    if (typeof value === "number") return value === Infinity ? [] : constantRate(value);
    const read = value.map((window): BandwidthWindow => ({
      days: [...new Set(window.days?.flat())],
      from: window.from ?? 0,
      to: window.to ?? MIDNIGHT,
      rate: window.rate,
    }));
    for (const [at, window] of read.entries()) {
      const fault = windowFault(window, at === read.length - 1);
      if (fault !== undefined) context.addIssue({ code: "custom", path: [at], message: fault });
    }
    return read;
  });

function ratherText({ input }: { input?: unknown }): string | undefined {
  return typeof input === "number" ? RATE : undefined;
}

function windowFault({ days, from, to }: BandwidthWindow, last: boolean): string | undefined {
  if (from === to) return "is empty: it ends when it begins; for the whole day leave `from` and `to` out";
  const always = days.length === 0 && from === 0 && to === MIDNIGHT;
  return always && !last ? "holds at all times, so what comes after it never counts: put it last" : undefined;
}
