import { posix } from "node:path";
import type { ClientFile } from "../contract.ts";

/** A POSIX script that puts the files where they belong, each whole or not at all, and takes away the pins of an earlier set-up. */
export function installScript(mirror: string, files: readonly ClientFile[]): string {
  const pins = `/etc/apt/preferences.d/sluice-${mirror}.pref`;
  const stale = files.some(({ path }) => path === pins) ? [] : [`rm -f '${pins}'`];
  return [
    "#!/bin/sh",
    `# Sets up apt for the mirror ${mirror}: run it as root, then 'apt-get update'.`,
    "set -eu",
    "umask 022",
    ...files.flatMap(writeFile),
    ...stale,
    "",
  ].join("\n");
}

function writeFile({ path, content }: ClientFile): string[] {
  // A name that no line of the content is, so that nothing in it ends the text early.
  let mark = "SLUICE_END";
  while (content.split("\n").includes(mark)) mark += "_";
  // apt does not read files of this ending, should the script be stopped half-way.
  const aside = `${path}.sluice-new`;
  return [
    `mkdir -p '${posix.dirname(path)}'`,
    `cat > '${aside}' <<'${mark}'`,
    content.replace(/\n$/, ""),
    mark,
    `chmod 0644 '${aside}'`,
    `mv -f '${aside}' '${path}'`,
  ];
}
