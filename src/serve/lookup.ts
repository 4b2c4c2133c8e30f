import type { ManifestIndex } from "./manifest-index.ts";
import type { ServedFile } from "./file-head.ts";
import type { Target } from "./target.ts";
import type { Place } from "./places.ts";
import type { View } from "./view.ts";

/**
 * What a path below `/<mirror>/<channel or id>` is: a file, a folder, a folder asked for without its final
 * slash, or nothing.
 */
export type Found =
  | { readonly type: "file"; readonly file: ServedFile }
  | { readonly type: "folder"; readonly path: string; readonly index: ManifestIndex }
  | { readonly type: "unslashed" }
  | undefined;

/**
 * Looks the rest of the target up in the place's snapshot; then, for files of a channel that are no roots, in
 * those that have grace.
 */
export async function lookUp(view: View, place: Place, target: Target): Promise<Found> {
  const path = target.segments.slice(2).join("/");
  const { snapshot } = place;
  const index = await view.manifest(snapshot);
  if (target.folder) {
    return index.hasFolder(path) || path === "" ? { type: "folder", path, index } : undefined;
  }
  if (path === "") return { type: "unslashed" };
  const entry = index.find(path);
  if (entry !== undefined) {
    const since = entry.kind === "root" ? await view.rootTime(snapshot, entry) : undefined;
    return { type: "file", file: { entry, snapshot, fixed: place.exact, since } };
  }
  if (index.hasFolder(path)) return { type: "unslashed" };
  const old = await view.graceFile(place, path);
  return old && { type: "file", file: { ...old, fixed: false, since: undefined } };
}
