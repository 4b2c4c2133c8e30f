import { LIST_AWK, SOURCES_AWK } from "./install-awk.ts";

/**
 * What every set-up script does, whatever it installs: POSIX sh, and the programs that are on every Debian. Before it stand `mirror`, `state`, `suites`, `uris`,
 * `releases`, `own`, and `stage_own`, which puts the files and sets `source`.
 */
export const SHELL = String.raw`
work=$state/work

say() { printf 'sluice: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }

# True where this host's apt is of this version or later.
apt_has() {
  dpkg --compare-versions "$(apt-get --version | sed -n '1s/^apt \([^ ]*\).*/\1/p')" ge "$1"
}

# Takes a file of the set-up from standard input.
put() {
  mkdir -p "$work/new$(dirname "$1")"
  cat > "$work/new$1"
}

# Where the repository is known to lie: its upstreams, and every place whose Release, as apt has it, says that it is the same.
known_uris() {
  for uri in $uris; do printf '%s\n' "$uri"; done
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(REPO_URI)' </dev/null 2>/dev/null |
    awk -F '|' '
      BEGIN {
        n = split(ENVIRON["SLUICE_RELEASES"], list, "\n")
        for (i = 1; i <= n; i++) ours[list[i]] = 1
      }
      ($1 "|" $2 "|" $3) in ours { print $4 }' |
    sed 's,^[a-z+]*://,,; s,^[^/@]*@,,; s,/*$,,' | sort -u
}

switch_off() {
  case $1 in
  *.sources)
    awk 'SOURCES_AWK' "$1"
    ;;
  *)
    awk 'LIST_AWK' "$1"
    ;;
  esac
}

stage_others() {
  [ "$keep" = no ] || return 0
  export SLUICE_MIRROR="$mirror" SLUICE_SUITES="$suites" SLUICE_RELEASES="$releases" SLUICE_LEFT="$work/left"
  SLUICE_URIS=$(known_uris)
  export SLUICE_URIS
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    case $file in
    */sluice-"$mirror".list | */sluice-"$mirror".sources) continue ;;
    */*[!A-Za-z0-9_./-]*) continue ;;
    esac
    [ -f "$file" ] || continue
    switch_off "$file" > "$work/text"
    cmp -s "$work/text" "$file" && continue
    mkdir -p "$work/new$(dirname "$file")"
    cp -p "$file" "$work/new$file"
    cat "$work/text" > "$work/new$file"
  done
}

# What differs from what is wanted, or is there and must go.
changes() {
  (cd "$work/new" && find . -type f) | sed 's/^\.//' | sort | while IFS= read -r path; do
    cmp -s "$work/new$path" "$path" || printf '%s\n' "$path"
  done
  for path in $own; do
    if [ -e "$path" ] && [ ! -e "$work/new$path" ]; then printf '%s\n' "$path"; fi
  done
}

# Each file whole or not at all; apt passes over this ending without a word.
place() {
  mkdir -p "$(dirname "$2")"
  cp -pP "$1" "$2.dpkg-new"
  mv -f "$2.dpkg-new" "$2"
}

apply() {
  while IFS= read -r path; do
    if [ -e "$path" ] || [ -h "$path" ]; then
      mkdir -p "$work/old$(dirname "$path")"
      cp -pP "$path" "$work/old$path"
    fi
    printf '%s\n' "$path" >> "$work/touched"
    if [ -e "$work/new$path" ]; then place "$work/new$path" "$path"; else rm -f "$path"; fi
  done < "$work/changes"
}

restore() {
  [ -f "$work/touched" ] || return 0
  while IFS= read -r path; do
    rm -f "$path.dpkg-new"
    if [ -e "$work/old$path" ] || [ -h "$work/old$path" ]; then place "$work/old$path" "$path"; else rm -f "$path"; fi
  done < "$work/touched"
  rm -f "$work/touched"
}

# Asks for this source alone, and leaves the lists of all others.
update() {
  apt-get -o Dir::Etc::sourcelist="$1" -o Dir::Etc::sourceparts=/dev/null -o APT::Get::List-Cleanup=false \
    -o APT::Update::Error-Mode=any update </dev/null >"$work/log" 2>&1 &&
    ! grep -Eq '^(E: |Err:|W: Failed to fetch|W: Some index files)' "$work/log"
}

check() {
  # apt finds out where the snapshots are from a Release that it has already.
  case $source in
  *.sources) first=$work/first.sources; sed '/^Snapshot: /d' "$source" > "$first" ;;
  *) first=$work/first.list; sed 's/ snapshot=[^] ]*//' "$source" > "$first" ;;
  esac
  if ! cmp -s "$first" "$source"; then update "$first" || return 1; fi
  update "$source"
}

# Files of others are kept as they were, for --undo.
commit() {
  while IFS= read -r path; do
    case " $own " in *" $path "*) continue ;; esac
    if [ -e "$state/saved$path" ] || [ -h "$state/saved$path" ]; then
      n=1
      while [ -e "$state/older.$n$path" ]; do n=$((n + 1)); done
      mkdir -p "$state/older.$n$(dirname "$path")"
      mv "$state/saved$path" "$state/older.$n$path"
    fi
    mkdir -p "$state/saved$(dirname "$path")" "$state/written$(dirname "$path")"
    cp -pP "$work/old$path" "$state/saved$path"
    cp -p "$work/new$path" "$state/written$path"
    say "switched off what $path has of the same suites; it was kept in $state/saved$path"
  done < "$work/changes"
}

set_up() {
  mkdir "$work/new"
  stage_own
  stage_others
  changes > "$work/changes"
  apply
  if [ "$test" = yes ] && ! check; then
    say "apt cannot use the mirror $mirror:" >&2
    sed 's/^/  /' "$work/log" >&2
    restore
    die 'everything is as it was before.'
  fi
  commit
  finished=yes
  if [ -s "$work/changes" ]; then say "the mirror $mirror is set up in $source"; else say "the mirror $mirror was set up already"; fi
  [ "$test" = no ] || grep '^W: ' "$work/log" || :
  [ ! -f "$work/left" ] || sort -u "$work/left" | while IFS= read -r entry; do
    say "left on, since nothing shows that it is the same repository: $entry"
  done
}

undo() {
  left=no
  if [ -d "$state/saved" ]; then
    (cd "$state/saved" && find . -type f -o -type l) | sed 's/^\.//' | sort > "$work/list"
    while IFS= read -r path; do
      if cmp -s "$path" "$state/written$path"; then
        place "$state/saved$path" "$path"
        rm -f "$state/saved$path" "$state/written$path"
        say "put back $path"
      else
        left=yes
        say "$path was changed since, and is left so; its old form is $state/saved$path" >&2
      fi
    done < "$work/list"
  fi
  for path in $own; do
    if [ -e "$path" ]; then
      rm -f "$path"
      say "removed $path"
    fi
  done
  finished=yes
  [ "$left" = no ] || exit 1
  rm -rf "$state/saved" "$state/written" "$state"/older.*
}

begin() {
  mkdir -p "$state"
  if ! mkdir "$work" 2>/dev/null; then
    if [ -f "$work/pid" ] && kill -0 "$(cat "$work/pid")" 2>/dev/null; then
      die 'another run of this set-up has not ended yet.'
    fi
    say 'an earlier run was cut off: putting back what it changed.'
    restore
    rm -rf "$work"
    mkdir "$work"
  fi
  finished=no
  trap finish EXIT
  trap 'exit 1' HUP INT TERM
  echo $$ > "$work/pid"
}

finish() {
  status=$?
  trap - EXIT
  [ "$finished" = yes ] || restore
  rm -rf "$work"
  rmdir "$state" "$(dirname "$state")" 2>/dev/null || :
  exit "$status"
}

main() {
  action=set_up test=yes keep=no
  for option in "$@"; do
    case $option in
    --undo) action=undo ;;
    --no-test) test=no ;;
    --keep) keep=yes ;;
    *) say "what is '$option'? There are --undo, --no-test and --keep." >&2; exit 2 ;;
    esac
  done
  [ -w /etc/apt/ ] || die 'run this as root: it writes into /etc/apt.'
  command -v apt-get >/dev/null || die 'this host has no apt-get.'
  begin
  $action
}

main "$@"
`
  .replace("SOURCES_AWK", () => SOURCES_AWK)
  .replace("LIST_AWK", () => LIST_AWK);
