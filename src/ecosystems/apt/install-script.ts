import { hereDocument } from "../../formats/here-document.ts";
import type { ClientFile } from "../contract.ts";
import { stateFolder } from "./client-conf.ts";
import type { Replaced } from "./client-names.ts";
import { SHELL } from "./install-shell.ts";

export interface InstallRequest {
  readonly mirror: string;
  readonly channel: string;
  readonly replaced: Replaced;
  /** The source for an apt of 2.3.10 or later. */
  readonly source: ClientFile;
  /** For an apt before that: the source in one-line style, and the key that it names. */
  readonly older: { readonly source: ClientFile; readonly others: readonly ClientFile[] };
  readonly others: readonly ClientFile[];
  /** The least version of apt that can use it, and what for. */
  readonly needs: readonly { readonly version: string; readonly what: string }[];
  /** Every file that a set-up of this mirror may have written. */
  readonly own: readonly string[];
}

const USAGE = [
  "sh FILE             as root: writes the source, switches off entries of what the mirror has, and tests it",
  "sh FILE --undo      puts everything back as it was without this mirror",
  "sh FILE --no-test   does not ask the mirror, for images that are built without it",
  "sh FILE --keep      leaves all other entries on",
  "sh FILE --whole     switches off also what the mirror does not have of the same suites",
];

/**
 * A POSIX script that puts the files where they belong, switches off entries of the same repository, asks the mirror whether apt can use it, and puts all back
 * where it cannot; `--undo` puts it back later.
 */
export function installScript(request: InstallRequest): string {
  const { mirror, channel, replaced, source, older, others, needs, own } = request;
  const quoted = (words: readonly string[], between: string): string => `'${words.join(between)}'`;
  return [
    "#!/bin/sh",
    `# Sets up apt on this host for the mirror ${mirror}, channel ${channel}. Written by Sluice.`,
    "usage() {",
    "  cat <<'END'",
    ...USAGE,
    "END",
    "}",
    "",
    "set -eu",
    "umask 022",
    `mirror=${quoted([mirror], "")}`,
    `state=${quoted([stateFolder(mirror)], "")}`,
    `uris=${quoted(replaced.uris, " ")}`,
    `releases=${quoted(replaced.releases, "\n")}`,
    `own=${quoted(own, " ")}`,
    "",
    "suites() {",
    "  cat <<'END'",
    ...replaced.suites,
    "END",
    "}",
    "",
    "stage_own() {",
    ...needs.map(
      ({ version, what }) => `  apt_has ${version} || die '${what} needs apt ${version} or later.'`,
    ),
    "  if apt_has 2.3.10; then",
    ...putSource(source),
    "  else",
    ...putSource(older.source),
    ...older.others.flatMap(putFile),
    "  fi",
    ...others.flatMap(putFile),
    "}",
    SHELL,
  ].join("\n");
}

function putSource(source: ClientFile): string[] {
  return [...putFile(source), `    source='${source.path}'`];
}

function putFile({ path, content }: ClientFile): string[] {
  return hereDocument(`    put '${path}'`, content);
}
