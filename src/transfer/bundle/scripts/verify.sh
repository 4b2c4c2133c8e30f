#!/bin/sh
# Checks a bundle without Sluice: the signature over SHA256SUMS, then every file.
#   sh verify.sh [FINGERPRINT]
# Give the fingerprint of the site that wrote it, as that site's `sluice key show` says it: keys.asc came with the bundle, and vouches for nothing by itself.
set -eu
cd "$(dirname "$0")"
fail() { printf 'verify.sh: %s\n' "$1" >&2; exit 1; }
for program in gpg sha256sum; do
  command -v "$program" >/dev/null || fail "$program is not installed here."
done
wanted=$(printf %s "${1-}" | tr -d ' :' | tr abcdef ABCDEF)

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
gpg --homedir "$home" --batch --quiet --import keys.asc 2>"$home/log" || { cat "$home/log" >&2; fail 'keys.asc cannot be read.'; }
gpg --homedir "$home" --batch --status-fd 1 --verify SHA256SUMS.asc SHA256SUMS >"$home/status" 2>"$home/log" ||
  { cat "$home/log" >&2; fail 'the signature of SHA256SUMS is bad: do not use this bundle.'; }
signer=$(sed -n 's/^\[GNUPG:\] VALIDSIG .* \([0-9A-F]*\)$/\1/p' "$home/status")
[ -n "$signer" ] || fail 'the signature of SHA256SUMS is bad: do not use this bundle.'
if [ -z "$wanted" ]; then
  printf 'Signed by %s: compare that with what the sender says.\n' "$signer"
elif [ "$wanted" != "$signer" ]; then
  fail "signed by $signer, not by $wanted: do not use this bundle."
else
  printf 'Signed by %s.\n' "$signer"
fi

# Sluice itself, where it came along.
for signature in sluice[-_]*.asc; do
  [ -f "$signature" ] || continue
  gpg --homedir "$home" --batch --status-fd 1 --verify "$signature" "${signature%.asc}" >"$home/status" 2>"$home/log" &&
    grep -q "VALIDSIG .* $signer\$" "$home/status" || fail "${signature%.asc} is not as it was signed: do not install it."
done

# A part may be on another medium, or lie here in pieces that `split -b` made.
bad=0
while read -r sum name; do
  if [ -f "$name" ]; then
    found=$(sha256sum <"$name")
  elif [ -f "$name.000" ] || [ -f "$name.00" ]; then
    found=$(cat "$name".[0-9]* | sha256sum)
  else
    printf '%s is not here.\n' "$name" >&2
    bad=1
    continue
  fi
  if [ "${found%% *}" != "$sum" ]; then
    printf '%s is not what the signed list says.\n' "$name" >&2
    bad=1
  fi
done <SHA256SUMS
[ "$bad" = 0 ] || fail 'the bundle is not whole.'
printf 'Every file is as it was signed.\n'
