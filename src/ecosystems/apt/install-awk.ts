// Both read SLUICE_URIS (host and path, one a line), SLUICE_SUITES (words) and SLUICE_MIRROR; into the file SLUICE_LEFT go entries of these suites that stay.

const COMMON = String.raw`
    function plain(uri) {
      sub(/^[A-Za-z0-9+.-]+:\/\/([^\/@]*@)?/, "", uri)
      sub(/\/+$/, "", uri)
      return uri
    }
    BEGIN {
      n = split(ENVIRON["SLUICE_URIS"], list, "\n")
      for (i = 1; i <= n; i++) known[list[i]] = 1
      n = split(ENVIRON["SLUICE_SUITES"], list, " ")
      for (i = 1; i <= n; i++) covered[list[i]] = 1
      n = 0
    }`;

/** Comments out the lines of a one-line file (sources.list(5)) that name one of the suites at one of the places. */
export const LIST_AWK = String.raw`${COMMON}
    {
      rest = $0
      if (rest ~ /^[ \t]*deb(-src)?[ \t]/) {
        sub(/^[ \t]*deb(-src)?[ \t]+/, "", rest)
        if (rest ~ /^\[/ && (end = index(rest, "]")) > 0) rest = substr(rest, end + 1)
        sub(/^[ \t]+/, "", rest)
        split(rest, word, /[ \t]+/)
        if (word[2] in covered) {
          if (plain(word[1]) in known) {
            print "# replaced by the mirror " ENVIRON["SLUICE_MIRROR"] ": " $0
            next
          }
          print word[1], word[2] >> ENVIRON["SLUICE_LEFT"]
        }
      }
      print
    }`;

/** Switches off the stanzas of a deb822 file that name the suites at one of the places; one that names others too keeps those. */
export const SOURCES_AWK = String.raw`${COMMON}
    function flush(   i, field, at, value, hit, taken, rest, m, part) {
      if (n == 0) return
      for (field in value) delete value[field]
      field = ""
      for (i = 1; i <= n; i++) {
        if (line[i] ~ /^#/) { of[i] = ""; continue }
        if (line[i] !~ /^[ \t]/) {
          at = index(line[i], ":")
          field = tolower(substr(line[i], 1, at - 1))
          value[field] = substr(line[i], at + 1)
        } else value[field] = value[field] " " line[i]
        of[i] = field
      }
      hit = taken = 0
      rest = ""
      m = split(value["uris"], part, /[ \t]+/)
      for (i = 1; i <= m; i++) if (part[i] != "" && plain(part[i]) in known) hit = 1
      if (tolower(value["enabled"]) ~ /^[ \t]*(no|false|without|off|disable|0)[ \t]*$/) hit = -1
      m = split(value["suites"], part, /[ \t]+/)
      for (i = 1; i <= m; i++) {
        if (part[i] == "") continue
        if (part[i] in covered) taken++
        else rest = rest " " part[i]
      }
      if (taken > 0 && hit == 0) print value["uris"], value["suites"] >> ENVIRON["SLUICE_LEFT"]
      if (hit < 1 || taken == 0) {
        for (i = 1; i <= n; i++) print line[i]
      } else if (rest == "") {
        print "# replaced by the mirror " ENVIRON["SLUICE_MIRROR"]
        print "Enabled: no"
        for (i = 1; i <= n; i++) if (of[i] != "enabled") print line[i]
      } else {
        for (i = 1; i <= n; i++) {
          if (of[i] != "suites") print line[i]
          else if (line[i] !~ /^[ \t]/) print "Suites:" rest
        }
      }
      n = 0
    }
    /^[ \t\r]*$/ { flush(); print; next }
    { line[++n] = $0 }
    END { flush() }`;
