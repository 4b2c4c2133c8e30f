#!/bin/sh
# Starts Sluice with the Node that came with it; works from any folder, and through symlinks.
set -eu
case $0 in
  */*) self=$0 ;;
  *) self=./$0 ;;
esac
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
root=$(CDPATH='' cd -P -- "${self%/*}/.." && pwd)
exec "$root/lib/sluice/node" "$root/lib/sluice/main.mjs" "$@"
