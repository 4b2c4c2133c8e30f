import { snapshotTime } from "../base/names.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import { contentDate, type Snapshot } from "../snapshot/snapshots.ts";
import { escapeHtml, formatSize, formatTime, link, page, row } from "./html.ts";
import type { Child } from "./manifest-index.ts";
import type { Place } from "./places.ts";
import type { ChannelPointer } from "./view.ts";

/** `/`: the mirrors. */
export function homePage(mirrors: readonly { mirror: string; newest: Snapshot }[]): Iterable<string> {
  const rows = mirrors.map(({ mirror, newest }) => {
    const { ecosystem, mode, id } = newest.body;
    return [link(mirror, true), escapeHtml(ecosystem), escapeHtml(mode), trustOf(newest.body), time(id)];
  });
  if (rows.length === 0) return page([], ["<p>There is no snapshot yet.</p>\n"]);
  return page([], table(["Mirror", "Ecosystem", "Mode", "Trust", "Newest snapshot (UTC)"], rows));
}

/** `/<mirror>/`: its channels and snapshots. */
export function mirrorPage(
  mirror: string,
  channels: readonly ChannelPointer[],
  snapshots: readonly Snapshot[],
): Iterable<string> {
  const pointers = channels.map(({ channel, id, at }) => {
    return [link(channel, true), escapeHtml(id), formatTime(Date.parse(at))];
  });
  const ids = snapshots.map(({ body }) => {
    const date = contentDate(body);
    const dated = date === undefined ? "" : formatTime(date);
    return [link(body.id, true), dated, String(body.files), formatSize(body.bytes), trustOf(body)];
  });
  return page(
    [mirror],
    [
      "<h2>Channels</h2>\n",
      ...table(["Channel", "Snapshot", "Moved (UTC)"], pointers),
      "<h2>Snapshots</h2>\n",
      ...table(["Snapshot", "Dated by its signer (UTC)", "Files", "Size", "Trust"], ids),
    ],
  );
}

/** A folder of a snapshot; `path` is "" for its top. Made row by row, since folders may be very long. */
export function folderPage(
  place: Place,
  name: string,
  path: string,
  children: Iterable<Child>,
): Iterable<string> {
  const { id } = place.snapshot.body;
  const trail = [place.mirror, name, ...(path === "" ? [] : path.split("/"))];
  const note = `<p>Snapshot ${escapeHtml(id)} of ${time(id)} UTC, ${trustOf(place.snapshot.body)}</p>\n`;
  return page(trail, folderContent(note, children));
}

function* folderContent(note: string, children: Iterable<Child>): Generator<string> {
  yield note;
  yield `<table>${row(["Name", "Size", "Package", "Version"], "th")}`;
  for (const { name, entry } of children) {
    const size = entry === undefined ? "" : formatSize(entry.size);
    const identity = [entry?.name ?? "", entry?.version ?? ""].map((text) => escapeHtml(text));
    yield row([link(name, entry === undefined), size, ...identity]);
  }
  yield "</table>\n";
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [`<table>${row(head, "th")}`, ...rows.map((cells) => row(cells)), "</table>\n"];
}

function time(id: string): string {
  return formatTime(snapshotTime(id));
}

/**
 * Whom the snapshot was trusted by, in words: what is unsigned or weakly signed says so wherever it is shown.
 */
function trustOf(record: SnapshotRecord): string {
  if (record.trust.kind === "none") return "<strong>not verified</strong>";
  const weak = record.trust.allowWeak;
  const allowed = weak.length === 0 ? "" : ` (<strong>weak allowed: ${escapeHtml(weak.join(", "))}</strong>)`;
  return `verified${allowed}`;
}
