const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// The hour may be padded with a space instead of a zero, as Ubuntu's Release files have it.
const PATTERN =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +)?(\d{1,2}) +([A-Z][a-z]{2}) +(\d{4}) +(\d{1,2}):(\d{2}):(\d{2}) +(UTC|GMT|Z|[+-]\d{4})$/;

/**
 * Milliseconds since 1970 of a date as Release files write it (`Sat, 10 Feb 2024 11:07:25 UTC`; RFC 2822
 * section 3.3), or undefined where it is not one. English names only; zones UTC, GMT, Z and numeric ones. The
 * name of the weekday is not compared with the date.
 */
export function parseRfc2822(text: string): number | undefined {
  const match = PATTERN.exec(text.trim());
  if (match === null) return undefined;
  const [, day = "", monthName = "", year = "", hour = "", minute = "", second = "", zone = ""] = match;
  const month = MONTHS.indexOf(monthName);
  const offset = zoneMinutes(zone);
  if (month < 0 || offset === undefined) return undefined;
  const fields = [Number(year), month, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const time = new Date(Date.UTC(...fields));
  time.setUTCFullYear(fields[0], fields[1], fields[2]);
  // A field that is out of range rolls over into the next one: 31 Feb is 2 Mar.
  const read = [
    time.getUTCFullYear(),
    time.getUTCMonth(),
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  ];
  if (read.some((value, index) => value !== fields[index])) return undefined;
  return time.getTime() - offset * 60_000;
}

function zoneMinutes(zone: string): number | undefined {
  if (!/^[+-]/.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3, 5));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
