import { SluiceError } from "./errors.ts";

const NAME = /^[a-z0-9][a-z0-9._-]*$/;
const ID = /^\d{8}T\d{6}Z$/;
// The name of a version's file, which no part of the name of a record can have.
const VERSION_FILE = /^\d+\.json$/;

/** A snapshot id: a UTC time without colons that there is, `20261121T040000Z`. */
export function isSnapshotId(text: string): boolean {
  if (!ID.test(text)) return false;
  const time = snapshotTime(text);
  return !Number.isNaN(time) && snapshotId(time) === text;
}

export function snapshotId(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
}

/** Milliseconds since 1970 that an id stands for; NaN where there is no such time. */
export function snapshotTime(id: string): number {
  const iso = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}T${id.slice(9, 11)}:${id.slice(11, 13)}:${id.slice(13, 15)}Z`;
  return Date.parse(iso);
}

/** The id for a snapshot made now, given the mirror's last one: ids strictly increase even when the clock steps back. */
export function nextSnapshotId(now: number, last: string | undefined): string {
  const id = snapshotId(now);
  if (last === undefined || id > last) return id;
  return snapshotId(snapshotTime(last) + 1000);
}

/** True for a legal name of a mirror or channel (not looking at reserved ones). Records hold mirrors by name: `constructor`, which every object has, is none. */
export function isName(text: string): boolean {
  return (
    NAME.test(text) &&
    text.length <= 128 &&
    !ID.test(text.toUpperCase()) &&
    !VERSION_FILE.test(text) &&
    !(text in {})
  );
}

export function checkMirrorName(name: string): string {
  if (!isName(name) || name === "v2")
    throw new SluiceError(
      "bad_name",
      `'${name}' cannot be the name of a mirror: use a-z, 0-9, dot, dash and underscore, not the shape of an id, and not 'v2'.`,
    );
  return name;
}

export function checkChannelName(name: string): string {
  if (!isName(name) || name === "live")
    throw new SluiceError(
      "bad_name",
      `'${name}' cannot be the name of a channel: use a-z, 0-9, dot, dash and underscore, not the shape of an id, and not 'live'.`,
    );
  return name;
}
