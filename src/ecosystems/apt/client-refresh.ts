import { pinsFrame } from "./pins.ts";

/**
 * A POSIX script that apt runs before each update: fetches the pins as the channel has them now. Whatever goes wrong, the old ones stay. Nothing but pins that
 * hide or restore is taken, since they come unsigned: no priority that would make apt go back to an older version.
 */
export function refreshScript(mirror: string, url: string, pins: string): string {
  const [first, last] = pinsFrame(mirror);
  return String.raw`#!/bin/sh
# Fetches the pins of the mirror MIRROR; apt runs this before each update. Written by Sluice.
url='URL'
pins='PINS'

fetch() {
  if [ -x /usr/lib/apt/apt-helper ]; then
    /usr/lib/apt/apt-helper -q -o Acquire::Retries=0 -o Acquire::http::Timeout=15 \
      -o Acquire::https::Timeout=15 download-file "$url" "$new/pins"
  elif command -v curl; then
    curl -fsS --max-time 60 -o "$new/pins" "$url"
  else
    wget -q -T 15 -t 1 -O "$new/pins" "$url"
  fi
}

sound() {
  [ "$(sed -n 1p "$new/pins")" = 'FIRST' ] &&
    [ "$(sed -n '$p' "$new/pins")" = 'LAST' ] &&
    ! grep -Eqv '^(#.*|(Explanation|Package): .*|Pin: (release|version|origin) .*|Pin-Priority: (-1|1|100|500))?$' "$new/pins"
}

[ -w "$(dirname "$pins")" ] || exit 0
new=$(mktemp -d) || exit 0
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
# apt fetches as a user that may do little else.
chmod 0755 "$new"
chown _apt "$new" 2>/dev/null || :
if fetch >/dev/null 2>&1 </dev/null && sound; then
  if ! cmp -s "$new/pins" "$pins"; then
    cat "$new/pins" > "$pins.dpkg-new" && chmod 0644 "$pins.dpkg-new" && mv -f "$pins.dpkg-new" "$pins"
  fi
else
  echo 'sluice: the pins of the mirror MIRROR could not be refreshed; the old ones stay.' >&2
fi
exit 0
`
    .replaceAll("MIRROR", mirror)
    .replace("'URL'", () => `'${url}'`)
    .replace("'PINS'", () => `'${pins}'`)
    .replace("FIRST", () => first)
    .replace("LAST", () => last);
}
