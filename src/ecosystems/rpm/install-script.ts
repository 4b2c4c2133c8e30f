import { hereDocument } from "../../formats/here-document.ts";
import type { ClientFile } from "../contract.ts";

export interface InstallRequest {
  readonly mirror: string;
  readonly channel: string;
  /** Ids of the repositories in the `.repo` files. */
  readonly ids: readonly string[];
  readonly dnf: ClientFile;
  readonly zypper: ClientFile;
  readonly key: readonly ClientFile[];
}

const USAGE = [
  "sh FILE             as root: writes the .repo file and the vendor's keys, and asks the mirror",
  "sh FILE --undo      takes away what it wrote",
  "sh FILE --no-test   does not ask the mirror, for images that are built without it",
];

/** A POSIX script that puts the files where they belong, for dnf or zypper, asks the mirror whether the client can use it, and puts all back where it cannot. */
export function installScript({ mirror, channel, ids, dnf, zypper, key }: InstallRequest): string {
  const own = [dnf, zypper, ...key].map(({ path }) => path);
  return [
    "#!/bin/sh",
    `# Sets up dnf or zypper on this host for the mirror ${mirror}, channel ${channel}. Written by Sluice.`,
    "usage() {",
    "  cat <<'END'",
    ...USAGE,
    "END",
    "}",
    "",
    "set -eu",
    "umask 022",
    `mirror='${mirror}'`,
    `ids='${ids.join(" ")}'`,
    `own='${own.join(" ")}'`,
    `state='/etc/pki/sluice/${mirror}'`,
    "",
    "stage() {",
    ...key.flatMap(putFile),
    "  case $tool in",
    "  zypper)",
    ...putFile(zypper),
    "    ;;",
    "  *)",
    ...putFile(dnf),
    "    ;;",
    "  esac",
    "}",
    SHELL,
  ].join("\n");
}

function putFile({ path, content }: ClientFile): string[] {
  return hereDocument(`put '${path}'`, content);
}

const SHELL = String.raw`
say() { printf 'sluice: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }

# Takes a file of the set-up from standard input.
put() {
  mkdir -p "$work/new$(dirname "$1")"
  cat > "$work/new$1"
}

# A file whole or not at all, under a name that no client reads.
place() {
  mkdir -p "$(dirname "$2")"
  cp -p "$1" "$2.sluice-new"
  mv -f "$2.sluice-new" "$2"
}

restore() {
  for path in $own; do
    rm -f "$path.sluice-new"
    if [ -f "$work/old$path" ]; then place "$work/old$path" "$path"; else rm -f "$path"; fi
  done
}

public_keys() { rpm -q gpg-pubkey 2>/dev/null | grep '^gpg-pubkey-' | sort || :; }

drop_keys() { while read -r name; do rpm -e "$name" && say "took $name out of rpm's keys"; done; }

check() {
  result=0
  case $tool in
  zypper)
    # What zypper takes into rpm's own keys is noted, for the undo.
    public_keys > "$work/before"
    zypper --non-interactive --gpg-auto-import-keys refresh --force $ids </dev/null > "$work/log" 2>&1 || result=1
    public_keys | comm -13 "$work/before" - > "$work/keys"
    if [ "$result" = 1 ]; then
      drop_keys < "$work/keys"
    elif [ -s "$work/keys" ]; then
      mkdir -p "$state"
      cat "$work/keys" >> "$state/keys"
    fi
    ;;
  *)
    $tool -y --disablerepo='*' --enablerepo="$(echo $ids | tr ' ' ,)" makecache --refresh </dev/null > "$work/log" 2>&1 || result=1
    ;;
  esac
  return $result
}

set_up() {
  stage
  changed=no
  for path in $own; do
    if [ -f "$path" ]; then
      mkdir -p "$work/old$(dirname "$path")"
      cp -p "$path" "$work/old$path"
    fi
    [ ! -f "$work/new$path" ] || cmp -s "$work/new$path" "$path" || changed=yes
  done
  undone=no
  for path in $own; do
    if [ -f "$work/new$path" ]; then
      cmp -s "$work/new$path" "$path" || place "$work/new$path" "$path"
    else
      rm -f "$path"
    fi
  done
  if [ "$test" = yes ] && ! check; then
    say "$tool cannot use the mirror $mirror:" >&2
    sed 's/^/  /' "$work/log" >&2
    restore
    undone=yes
    die 'everything is as it was before.'
  fi
  undone=yes
  if [ "$changed" = yes ]; then say "the mirror $mirror is set up for $tool"; else say "the mirror $mirror was set up already"; fi
}

undo() {
  found=no
  for path in $own; do
    if [ -f "$path" ]; then
      rm -f "$path"
      say "removed $path"
      found=yes
    fi
  done
  if [ -f "$state/keys" ]; then
    sort -u "$state/keys" | drop_keys
    rm -f "$state/keys"
  fi
  if [ -d "$state" ]; then rmdir "$state" "$(dirname "$state")" 2>/dev/null || :; fi
  [ "$found" = yes ] || say "the mirror $mirror is not set up here."
}

finish() {
  status=$?
  trap - EXIT
  [ "$undone" = yes ] || restore
  rm -rf "$work"
  exit "$status"
}

main() {
  action=set_up test=yes undone=yes
  for option in "$@"; do
    case $option in
    --undo) action=undo ;;
    --no-test) test=no ;;
    --help | -h) usage; exit 0 ;;
    *) say "what is '$option'? There are --undo, --no-test and --help." >&2; exit 2 ;;
    esac
  done
  tool=
  for one in dnf yum; do
    if [ -z "$tool" ] && command -v "$one" >/dev/null; then tool=$one; fi
  done
  # A host of SUSE may have dnf too, but does not live by it.
  if [ -d /etc/zypp/repos.d ] && command -v zypper >/dev/null; then tool=zypper; fi
  [ -n "$tool" ] || die 'this host has neither dnf nor zypper.'
  [ -w /etc/ ] || die 'run this as root: it writes into /etc.'
  work=$(mktemp -d)
  trap finish EXIT
  trap 'exit 1' HUP INT TERM
  $action
}

main "$@"
`;
