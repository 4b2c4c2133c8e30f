import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../run.ts";
import type { AptState } from "./apt-spec.ts";
import type { KeyStore } from "./gpg.ts";

/** Writes Release, Release.gpg and InRelease into `dists`, over the indices that are there. */
export async function writeRelease(
  dists: string,
  suite: string,
  state: AptState,
  keys: KeyStore,
): Promise<void> {
  const plain = await renderRelease(dists, suite, state);
  const text = state.edit.release?.(plain, suite) ?? plain;
  const files = new Map([["Release", text]]);
  if (state.releaseGpg) files.set("Release.gpg", await keys.detachSign(text, state.signWith));
  if (state.inRelease) files.set("InRelease", await keys.clearSign(text, state.signWith));
  for (const [name, content] of files) {
    await writeFile(join(dists, name), content);
    // As a real archive's: two states made within one second have different times.
    await utimes(join(dists, name), state.date / 1000, state.date / 1000);
  }
}

// The hash lists are apt-ftparchive's own; the order of the fields is the vendor's.
async function renderRelease(dists: string, suite: string, state: AptState): Promise<string> {
  const lists = hashLists(await must("apt-ftparchive", [...MORE_FILES, "release", dists]));
  const arches = [...(state.binaryAll ? ["all"] : []), ...state.architectures];
  const fields: [string, string][] = [
    ...Object.entries(state.fields(suite)),
    ["Date", releaseDate(state.date, state.shape === "ubuntu")],
    ...(state.validUntil === undefined
      ? []
      : [["Valid-Until", releaseDate(state.validUntil, false)] as [string, string]]),
    ...(state.byHash === "field" ? [["Acquire-By-Hash", "yes"] as [string, string]] : []),
    ...(state.binaryAll ? [["No-Support-for-Architecture-all", "Packages"] as [string, string]] : []),
    ["Architectures", arches.join(" ")],
    ["Components", state.components.join(" ")],
    ["Description", `A test archive of the shape '${state.shape}'`],
  ];
  const head = fields.map(([name, value]) => `${name}: ${value}\n`).join("");
  const body = state.hashes.map((field) => `${field}:\n${lists.get(field) ?? ""}`).join("");
  return `${head}${body}${state.byHash === "late field" ? "Acquire-By-Hash: yes\n" : ""}`;
}

// What Release files list besides the defaults of apt-ftparchive(1).
export const MORE_FILES = ["SHA256SUMS", "Commands-*"].flatMap((pattern) => [
  "-o",
  `APT::FTPArchive::Release::Patterns::=${pattern}`,
]);

function hashLists(text: string): Map<string, string> {
  const lists = new Map<string, string>();
  let field = "";
  for (const line of text.split("\n")) {
    if (line.startsWith(" ")) {
      // The Release that is being made lists itself, where an older one lay there.
      if (!/ Release(\.gpg)?$/.test(line) || line.includes("/"))
        lists.set(field, `${lists.get(field) ?? ""}${line}\n`);
    } else field = line.replace(/:.*$/, "");
  }
  return lists;
}

/** `Thu, 19 Nov 2026 00:50:08 UTC`; Ubuntu pads the hour with a space. */
export function releaseDate(time: number, padHour: boolean): string {
  const text = new Date(time).toUTCString().replace("GMT", "UTC");
  return padHour ? text.replace(/ 0(\d:\d\d:)/, "  $1") : text;
}
