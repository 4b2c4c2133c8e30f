import { LIST_AWK, SOURCES_AWK } from "./install-awk.ts";

/**
 * What every set-up script does, whatever it installs: POSIX sh, and the programs that are on every Debian. Before it stand `mirror`, `state`, `uris`, `releases`,
 * `own`, `usage`, `suites`, which says what the mirror has of each, and `stage_own`, which puts the files and sets `source`.
 */
export const SHELL = String.raw`
# What all mirrors share: files as they were before the first set-up, old forms of what somebody else changed, and the run that is under way.
shared=$(dirname "$state")/_
work=$shared/work

say() { printf 'sluice: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }
there() { [ -e "$1" ] || [ -h "$1" ]; }
is_own() { case " $own " in *" $1 "*) ;; *) return 1 ;; esac; }
marked() { grep -q '^# replaced by the mirror' "$1" 2>/dev/null; }

# True where this host's apt is of this version or later.
apt_has() {
  dpkg --compare-versions "$(apt-get --version | sed -n '1s/^apt \([^ ]*\).*/\1/p')" ge "$1"
}

# Takes a file of the set-up from standard input.
put() {
  mkdir -p "$work/new$(dirname "$1")"
  cat > "$work/new$1"
}

# Where the repository lies besides its upstreams: places whose Release, as apt has it, or had it when entries were switched off, says that it is the same.
other_places() {
  {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(REPO_URI)' </dev/null 2>/dev/null || :
    sed -n 's/^at \([^ ]*\) \(.*\)/\2|\1/p' "$state/has" 2>/dev/null || :
  } | SLUICE_RELEASES=$releases awk -F '|' '
      BEGIN {
        n = split(ENVIRON["SLUICE_RELEASES"], list, "\n")
        for (i = 1; i <= n; i++) ours[list[i]] = 1
      }
      ($1 "|" $2 "|" $3) in ours {
        sub(/^[a-z+]*:(\/\/([^\/@]*@)?)?/, "", $4)
        sub(/\/*$/, "", $4)
        print "at", $4, $1 "|" $2 "|" $3
      }' | sort -u
}

# Says what the mirror has and where, for this run and for the set-ups of other mirrors.
stage_has() {
  {
    printf 'mirror %s\n' "$mirror"
    for uri in $uris; do printf 'at %s\n' "$uri"; done
    other_places
    if [ "$whole" = no ]; then suites; else suites | awk '{ print $1, $2, "deb,deb-src", "-", "-" }'; fi
  } | awk '$1 != "at" || !seen[$2]++' | put "$state/has"
}

gather_has() {
  for file in "$(dirname "$state")"/*/has; do
    if [ -f "$file" ] && [ "$file" != "$state/has" ]; then cat "$file"; fi
  done
  if [ "$action" = set_up ]; then cat "$work/new$state/has"; fi
}

# Rewrites a file of sources; with 1, into what it is without any set-up.
rewrite() {
  case $1 in
  *.sources)
    awk -v self="$mirror" -v bare="$2" 'SOURCES_AWK' "$work/has" "$1"
    ;;
  *)
    awk -v self="$mirror" -v bare="$2" 'LIST_AWK' "$work/has" "$1"
    ;;
  esac
}

# The text of a file that was saved, or of what a link that was saved leads to from its place; its last line may have had no end.
saved_text() {
  if [ -h "$shared/saved$1" ]; then
    (cd "$(dirname "$1")" && awk 1 "$(readlink "$shared/saved$1")" 2>/dev/null) || :
  else
    awk 1 "$shared/saved$1"
  fi
}

stage_others() {
  SLUICE_ARCHITECTURES=$(apt-config dump --format '%v ' APT::Architectures)
  export SLUICE_ARCHITECTURES SLUICE_LEFT="$work/left"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    case $file in
    */*[!A-Za-z0-9_./-]*) continue ;;
    esac
    if is_own "$file" || [ ! -f "$file" ]; then continue; fi
    rewrite "$file" 0 > "$work/text"
    if awk 1 "$file" | cmp -s - "$work/text"; then continue; fi
    mkdir -p "$work/new$(dirname "$file")"
    if there "$shared/saved$file" && saved_text "$file" | cmp -s - "$work/text"; then
      cp -pP "$shared/saved$file" "$work/new$file"
    else
      cp -p "$file" "$work/new$file"
      cat "$work/text" > "$work/new$file"
    fi
  done
}

# What differs from what is wanted, or is there and must go.
changes() {
  (cd "$work/new" && find . -type f -o -type l) | sed 's/^\.//' | sort | while IFS= read -r path; do
    if [ -h "$work/new$path" ] || ! cmp -s "$work/new$path" "$path"; then printf '%s\n' "$path"; fi
  done
  for path in $own; do
    if there "$path" && ! there "$work/new$path"; then printf '%s\n' "$path"; fi
  done
}

# Each file whole or not at all; apt passes over this ending without a word.
place() {
  mkdir -p "$(dirname "$2")"
  cp -pP "$1" "$2.dpkg-new"
  mv -f "$2.dpkg-new" "$2"
}

apply() {
  changes > "$work/changes"
  while IFS= read -r path; do
    if there "$path"; then
      mkdir -p "$work/old$(dirname "$path")"
      cp -pP "$path" "$work/old$path"
    fi
    printf '%s\n' "$path" >> "$work/touched"
    if there "$work/new$path"; then place "$work/new$path" "$path"; else rm -f "$path"; fi
  done < "$work/changes"
}

restore() {
  [ -f "$work/touched" ] || return 0
  while IFS= read -r path; do
    rm -f "$path.dpkg-new"
    if there "$work/old$path"; then place "$work/old$path" "$path"; else rm -f "$path"; fi
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

# Puts an old form of a file where nothing overwrites it.
keep_old() {
  old=$shared/old$2
  n=1
  while there "$old"; do
    old=$shared/old$2.$n
    n=$((n + 1))
  done
  mkdir -p "$(dirname "$old")"
  cp -pP "$1" "$old"
}

# The checksum of a file of the set-up, without what those of other mirrors did to it.
sum_of() {
  case $1 in
  *.list | *.sources) rewrite "$1" 1 ;;
  *) cat "$1" ;;
  esac | cksum
}

# A file of the set-up that somebody else has changed; pins change by themselves.
keep_edited() {
  case $1 in */preferences.d/*) return 0 ;; esac
  if [ ! -f "$state/written" ] || ! there "$work/old$1"; then return 0; fi
  if grep -qxF "$1 $(sum_of "$work/old$1")" "$state/written"; then return 0; fi
  keep_old "$work/old$1" "$1"
  say "$1 was changed since it was written; with these changes it is kept in $old"
}

# Drops what was saved of files that no set-up changes any more. Where somebody else took lines away, their old form is kept.
release_saved() {
  [ -d "$shared/saved" ] || return 0
  (cd "$shared/saved" && find . -type f -o -type l) | sed 's/^\.//' | sort > "$work/list"
  while IFS= read -r path; do
    if marked "$path"; then continue; fi
    saved_text "$path" > "$work/text"
    { [ ! -f "$path" ] || awk 1 "$path"; } > "$work/now"
    if grep -Fxvq -f "$work/now" "$work/text"; then
      keep_old "$shared/saved$path" "$path"
      say "$path was changed since, and is left so; its old form is $old" >&2
      lost=yes
    fi
    rm -f "$shared/saved$path"
  done < "$work/list"
}

commit() {
  while IFS= read -r path; do
    if is_own "$path"; then
      keep_edited "$path"
      continue
    fi
    if ! marked "$work/old$path"; then
      mkdir -p "$shared/saved$(dirname "$path")"
      cp -pP "$work/old$path" "$shared/saved$path"
    fi
    if marked "$path"; then say "switched off in $path what the mirror has"; else say "put back $path"; fi
  done < "$work/changes"
  release_saved
  for path in $own; do
    if there "$path"; then printf '%s %s\n' "$path" "$(sum_of "$path")"; fi
  done > "$work/written"
  cmp -s "$work/written" "$state/written" || place "$work/written" "$state/written"
}

set_up() {
  mkdir "$work/new"
  stage_has
  stage_own
  gather_has > "$work/has"
  release_saved
  if [ "$keep" = no ]; then stage_others; fi
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
  [ ! -f "$work/left" ] || sort -u "$work/left" | while read -r kind entry; do
    case $kind in
    rest) say "left on, since the mirror does not have it (--whole switches it off too): $entry" ;;
    *) say "left on, since nothing shows that it is the same repository: $entry" ;;
    esac
  done
}

undo() {
  mkdir "$work/new"
  gather_has > "$work/has"
  stage_others
  apply
  finished=yes
  rm -f "$work/touched"
  while IFS= read -r path; do
    if is_own "$path"; then
      keep_edited "$path"
      rm -f "$shared/saved$path"
      say "removed $path"
    else
      say "put back $path"
    fi
  done < "$work/changes"
  release_saved
  rm -f "$state/written"
  [ -s "$work/changes" ] || say "the mirror $mirror is not set up here."
  [ "$lost" = no ] || exit 1
}

begin() {
  mkdir -p "$shared"
  if ! mkdir "$work" 2>/dev/null; then
    if [ -f "$work/pid" ] && kill -0 "$(cat "$work/pid")" 2>/dev/null; then
      die 'another set-up of this host has not ended yet.'
    fi
    say 'an earlier run was cut off: putting back what it changed.'
    restore
    rm -rf "$work"
    mkdir "$work"
  fi
  finished=no lost=no
  trap finish EXIT
  trap 'exit 1' HUP INT TERM
  echo $$ > "$work/pid"
}

finish() {
  status=$?
  trap - EXIT
  [ "$finished" = yes ] || restore
  rm -rf "$work"
  # Those that are empty.
  find "$(dirname "$state")" -depth -type d -exec rmdir {} + 2>/dev/null || :
  exit "$status"
}

main() {
  action=set_up test=yes keep=no whole=no
  for option in "$@"; do
    case $option in
    --undo) action=undo ;;
    --no-test) test=no ;;
    --keep) keep=yes ;;
    --whole) whole=yes ;;
    --help | -h) usage; exit 0 ;;
    *) say "what is '$option'? There are --undo, --no-test, --keep, --whole and --help." >&2; exit 2 ;;
    esac
  done
  if [ "$keep$whole" = yesyes ]; then say '--keep leaves all entries on, and --whole none: take one of them.' >&2; exit 2; fi
  [ -w /etc/apt/ ] || die 'run this as root: it writes into /etc/apt.'
  command -v apt-get >/dev/null || die 'this host has no apt-get.'
  begin
  $action
}

main "$@"
`
  .replace("SOURCES_AWK", () => SOURCES_AWK)
  .replace("LIST_AWK", () => LIST_AWK);
