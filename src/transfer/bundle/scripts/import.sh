#!/bin/sh
# Unpacks a bundle without Sluice: its files go to TARGET/blobs, and a tree that clients can use to TARGET/trees/MIRROR/ID, once every file of it is there and sound.
#   sh import.sh TARGET [FINGERPRINT]
# Run it for each of several bundles, in any order, with the same TARGET: a tree is built when its last file has come.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
fail() { printf 'import.sh: %s\n' "$1" >&2; exit 1; }
[ $# -ge 1 ] || fail 'say where to: sh import.sh TARGET [FINGERPRINT]'
command -v tar >/dev/null || fail 'tar is not installed here.'
mkdir -p "$1"
target=$(cd "$1" && pwd)
sh "$here/verify.sh" ${2+"$2"}
umask 022
mkdir -p "$target/blobs" "$target/lists" "$target/trees" "$target/tmp"
tmp=$(mktemp -d "$target/tmp/import.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# Parts hold plain files only, as verify.sh has just proven; tar makes names in $tmp and nowhere else.
sed -n 's/^[0-9a-f]\{64\}  \([0-9a-f]\{32\}\.tar\)$/\1/p' "$here/SHA256SUMS" >"$tmp/parts"
sort -n -k1,1 "$here/contents.txt" >"$tmp/contents"
mkdir "$tmp/new"
while read -r part; do
  if [ -f "$here/$part" ]; then
    tar -C "$tmp/new" --no-same-owner -xf "$here/$part"
  else
    cat "$here/$part".[0-9]* | tar -C "$tmp/new" --no-same-owner -xf -
  fi
done <"$tmp/parts"

# Pieces of files that are larger than a part.
find "$tmp/new/blobs" -type f -name '*.000' 2>/dev/null | while read -r first; do
  whole=${first%.000}
  find "$(dirname "$whole")" -type f -name "$(basename "$whole").[0-9]*" | awk -F. '{ printf "%d %s\n", $NF, $0 }' | sort -n |
    while read -r _ piece; do cat "$piece" && rm "$piece"; done >"$whole.whole"
  mv "$whole.whole" "$whole"
done

# A blob is moved into place when it is what it is called.
( cd "$tmp/new" && find blobs -type f 2>/dev/null || : ) | while read -r path; do
  name=${path#blobs/sha256/}
  sum=$(printf %s "$name" | tr -d /)
  [ ! -f "$target/$path" ] || continue
  found=$(sha256sum <"$tmp/new/$path")
  [ "${found%% *}" = "$sum" ] || fail "$path is not what it is called."
  mkdir -p "$target/$(dirname "$path")"
  mv "$tmp/new/$path" "$target/$path"
done
( cd "$tmp/new" && tar -cf - lists ) | tar -C "$target" -xf -

missing=0
find "$target/lists" -type f -name '*.sha256' >"$tmp/lists"
while read -r list; do
  id=$(basename "$list" .sha256)
  mirror=$(basename "$(dirname "$list")")
  tree=$target/trees/$mirror/$id
  [ ! -d "$tree" ] || continue
  rm -rf "$tmp/tree"
  mkdir "$tmp/tree"
  lacking=0
  while IFS= read -r line; do
    sum=${line%%  *}
    path=${line#*  }
    rest=${sum#??}
    blob=$target/blobs/sha256/${sum%"$rest"}/$rest
    if [ ! -f "$blob" ]; then
      lacking=$((lacking + 1))
      continue
    fi
    folder=${path%/*}
    [ "$folder" = "$path" ] || mkdir -p "$tmp/tree/$folder"
    ln "$blob" "$tmp/tree/$path" 2>/dev/null || cp "$blob" "$tmp/tree/$path"
  done <"$list"
  if [ "$lacking" -gt 0 ]; then
    printf '%s@%s: %s files are still missing: import the bundles before this one too.\n' "$mirror" "$id" "$lacking" >&2
    missing=1
    continue
  fi
  ( cd "$tmp/tree" && sha256sum --quiet -c "$list" 2>/dev/null || sha256sum -c "$list" >/dev/null ) || fail "$mirror@$id: a file has changed; it is not published."
  mkdir -p "$target/trees/$mirror"
  mv "$tmp/tree" "$tree"
  printf '%s@%s: in %s\n' "$mirror" "$id" "$tree"
done <"$tmp/lists"

# Channels of this bundle, as links that one rename switches.
while read -r channel mirror id; do
  [ -d "$target/trees/$mirror/$id" ] || continue
  ln -sfn "$id" "$target/trees/$mirror/.$channel.new"
  mv -T "$target/trees/$mirror/.$channel.new" "$target/trees/$mirror/$channel" 2>/dev/null ||
    { rm -f "$target/trees/$mirror/$channel" && mv "$target/trees/$mirror/.$channel.new" "$target/trees/$mirror/$channel"; }
  printf '%s of %s: %s\n' "$channel" "$mirror" "$id"
done <"$here/channels.txt"
exit "$missing"
