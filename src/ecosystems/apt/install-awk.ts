// Two awk programs, one for each form of sources.list(5), that rewrite a file of sources. They read what each mirror has, and then the file. Of what mirrors have:
//
//     mirror NAME
//     at HOST/PATH
//     suite NAME TYPES COMPONENTS ARCHITECTURES     of the last two those that it lacks; lists with commas, - for none
//
// An entry that mirrors replace stays where it is, switched off and marked with their names; after it comes what none of them has, as entries of their own.
// So an entry can be settled anew at any time, for any set of mirrors. `self` is the mirror whose set-up this is: it marks what it has, or loses its marks where
// the first file does not have it. What is not its concern stays as it is. With `bare`, all marks go. SLUICE_LEFT gets what stays on of the suites of `self`.

const COMMON = String.raw`
    BEGIN { archs_of_host = ENVIRON["SLUICE_ARCHITECTURES"] }
    FILENAME == ARGV[1] && $1 == "mirror" { mirror = $2; installed[mirror] = 1 }
    FILENAME == ARGV[1] && $1 == "at" { at[mirror, $2] = 1 }
    FILENAME == ARGV[1] && $1 == "suite" {
      types_of[mirror, $2] = words($3)
      no_component[mirror, $2] = words($4)
      no_arch[mirror, $2] = words($5)
    }
    FILENAME == ARGV[1] { next }

    function words(text) {
      gsub(/[, \t\r]+/, " ", text)
      sub(/^ /, "", text)
      sub(/ $/, "", text)
      return text
    }
    function has(list, word) { return index(" " list " ", " " word " ") > 0 }
    # The words of a list that another one has (is=1) or has not (is=0). Of components the last part counts.
    function among(list, other, is,   i, n, word, name, found) {
      n = split(list, word, " ")
      for (i = 1; i <= n; i++) {
        name = word[i]
        sub(/^.*\//, "", name)
        if (has(other, name) == is) found = found " " word[i]
      }
      return substr(found, 2)
    }
    # The URIs at which the repository of the mirror lies (is=1), or the others.
    function places(name, uris, is,   i, n, word, place, found) {
      n = split(uris, word, " ")
      for (i = 1; i <= n; i++) {
        place = word[i]
        sub(/^[A-Za-z0-9+.-]+:(\/\/([^\/@]*@)?)?/, "", place)
        sub(/\/+$/, "", place)
        if (((name, place) in at) == is) found = found " " word[i]
      }
      return substr(found, 2)
    }
    function the_mirrors(names) { return (names ~ / / ? "the mirrors " : "the mirror ") names }

    # A box is all that some lists make of each other; archs is empty for those of the entry. What is left of an entry are boxes.
    function box(types, uris, suites, components, archs) {
      if (types == "" || uris == "" || suites == "" || components == "") return
      T[++boxes] = types
      U[boxes] = uris
      S[boxes] = suites
      C[boxes] = components
      A[boxes] = archs
    }
    # Makes boxes of what the mirror leaves of one; true if it takes any of it.
    function take(name, types, uris, suites, components, archs,   i, n, suite, here, wanted, mine, parts, others, taken) {
      mine = places(name, uris, 1)
      box(types, places(name, uris, 0), suites, components, archs)
      uris = mine
      wanted = archs == "" ? entry_archs : archs
      n = split(suites, suite, " ")
      for (i = 1; i <= n && uris != ""; i++) {
        here = name SUBSEP suite[i]
        mine = here in types_of ? among(types, types_of[here], 1) : ""
        if (among(wanted, no_arch[here], 0) == "") mine = among(mine, "deb", 0)
        parts = among(components, no_component[here], 0)
        if (mine == "" || parts == "") {
          box(types, uris, suite[i], components, archs)
          continue
        }
        taken = 1
        box(among(types, mine, 0), uris, suite[i], components, archs)
        box(mine, uris, suite[i], among(components, no_component[here], 1), archs)
        others = among(wanted, no_arch[here], 1)
        if (others != "" && has(mine, "deb")) box("deb", uris, suite[i], parts, others)
      }
      return taken
    }
    # Leaves in the boxes from first on what the mirrors leave of the entry; true if they take any of it.
    function take_all(names,   i, j, n, name, last, taken) {
      boxes = 0
      first = 1
      box(types, uris, suites, components, "")
      n = split(names, name, " ")
      for (i = 1; i <= n; i++) {
        last = boxes
        for (j = first; j <= last; j++) taken += take(name[i], T[j], U[j], S[j], C[j], A[j])
        first = last + 1
      }
      for (i = first; i <= boxes; i++)
        for (j = i + 1; j <= boxes && S[i] != ""; j++)
          if (S[j] != "" && T[i] == T[j] && U[i] == U[j] && C[i] == C[j] && A[i] == A[j]) {
            S[i] = S[i] " " S[j]
            S[j] = ""
          }
      return taken
    }
    # Gives the mirrors that replace the entry from now on, in place of old; concerned tells whether that is for this run to say.
    function settle(old,   i, n, name, names) {
      if (self in installed && !has(old, self)) names = old " " self
      else names = old
      n = bare ? 0 : split(names, name, " ")
      names = ""
      for (i = 1; i <= n; i++) if (name[i] in installed && take_all(name[i])) names = words(names " " name[i])
      concerned = bare || has(old, self) || has(names, self)
      take_all(names)
      if (!bare && self in installed && (concerned || old == "")) report()
      return names
    }
    function report(   i, j, n, suite) {
      for (i = first; i <= boxes; i++) {
        n = split(S[i], suite, " ")
        for (j = 1; j <= n; j++)
          if ((self, suite[j]) in types_of)
            print (places(self, U[i], 1) == "" ? "other" : "rest"), T[i], U[i], suite[j] (C[i] == "." ? "" : " " C[i]) (A[i] == "" ? "" : " [" A[i] "]") >> ENVIRON["SLUICE_LEFT"]
      }
    }`;

/** For the one-line style. */
export const LIST_AWK = String.raw`${COMMON}
    # Reads a line; true if it is an entry.
    function read(line,   i, n, end, word, archs, add, remove) {
      sub(/\r$/, "", line)
      if (line !~ /^[ \t]*deb(-src)?[ \t]/) return 0
      types = line ~ /^[ \t]*deb-src/ ? "deb-src" : "deb"
      sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
      options = others = ""
      if (line ~ /^\[/ && (end = index(line, "]")) > 0) {
        options = substr(line, 1, end) " "
        n = split(substr(line, 2, end - 2), word, " ")
        for (i = 1; i <= n; i++) {
          if (sub(/^arch=/, "", word[i])) archs = words(word[i])
          else if (sub(/^arch\+=/, "", word[i])) add = words(word[i])
          else if (sub(/^arch-=/, "", word[i])) remove = words(word[i])
          else others = others " " word[i]
        }
        line = substr(line, end + 1)
      }
      entry_archs = among((archs == "" ? archs_of_host : archs) " " add, remove, 0)
      sub(/#.*/, "", line)
      n = split(line, word, " ")
      uris = word[1]
      suites = word[2]
      components = ""
      for (i = 3; i <= n; i++) components = components " " word[i]
      components = n == 2 ? "." : substr(components, 2)
      return n >= 2
    }
    function entry(i,   text) {
      text = options
      if (A[i] != "") {
        gsub(/ /, ",", A[i])
        text = "[arch=" A[i] others "] "
      }
      return T[i] " " text U[i] " " S[i] (C[i] == "." ? "" : " " C[i])
    }
    !/^#/ && / # not in the mirrors? [a-z0-9._ -]+$/ && follows {
      if (!concerned) print
      next
    }
    {
      line = $0
      old = ""
      if (line ~ /^# replaced by the mirrors? [a-z0-9._ -]+: /) {
        old = line
        sub(/^# replaced by the mirrors? /, "", old)
        sub(/: .*$/, "", old)
        sub(/^[^:]*: /, "", line)
      }
      if (!read(line)) {
        if (line !~ /^[ \t]*(#|$)/) follows = 0
        print
        next
      }
      follows = old != ""
      now = settle(old)
      if (!concerned) print
      else if (now == "") print line
      else {
        print "# replaced by " the_mirrors(now) ": " line
        for (i = first; i <= boxes; i++) if (S[i] != "") print entry(i) " # not in " the_mirrors(now)
      }
    }`;

/** For deb822. */
export const SOURCES_AWK = String.raw`${COMMON}
    # Reads the lines of a stanza; true if it is an entry that is on.
    function read(   i, colon, name, text, value) {
      split("", value)
      for (i = 1; i <= lines; i++) {
        text = line[i]
        field[i] = ""
        if (text ~ /^#/) continue
        if (text !~ /^[ \t]/) {
          colon = index(text, ":")
          name = tolower(substr(text, 1, colon - 1))
          value[name] = ""
          text = substr(text, colon + 1)
        }
        field[i] = name
        value[name] = value[name] " " text
      }
      types = words(value["types"])
      uris = words(value["uris"])
      suites = words(value["suites"])
      components = words(value["components"])
      if (components == "") components = "."
      entry_archs = words(value["architectures"])
      if (entry_archs == "") entry_archs = archs_of_host
      entry_archs = among(entry_archs " " words(value["architectures-add"]), words(value["architectures-remove"]), 0)
      return uris != "" && tolower(words(value["enabled"])) !~ /^(no|false|without|off|disable|0)$/
    }
    function changed(i, name) {
      if (name == "types") return "Types: " T[i]
      if (name == "uris") return "URIs: " U[i]
      if (name == "suites") return "Suites: " S[i]
      if (name == "components") return "Components: " C[i]
    }
    function show(i,   j, text) {
      for (j = 1; j <= lines; j++) {
        text = changed(i, field[j])
        if (text != "") {
          if (line[j] !~ /^[ \t]/) print text
        } else if (field[j] !~ /^(enabled)?$/ && (A[i] == "" || field[j] !~ /^architectures/)) print line[j]
      }
      if (A[i] != "") print "Architectures: " A[i]
    }
    function put_blanks() {
      printf "%s", blanks
      blanks = ""
    }
    function put_raw(   i) {
      put_blanks()
      for (i = 1; i <= raws; i++) print raw[i]
    }
    function put_settled(now,   i) {
      put_blanks()
      if (now != "") print "# replaced by " the_mirrors(now) "\nEnabled: no"
      for (i = 1; i <= lines; i++) print (now != "" && field[i] == "enabled" ? "# was on: " : "") line[i]
      for (i = first; i <= boxes && now != ""; i++)
        if (S[i] != "") {
          print "\n# not in " the_mirrors(now)
          show(i)
        }
    }
    function flush(   i, old, now, rest) {
      lines = rest = 0
      for (i = 1; i <= raws; i++) {
        if (raw[i] ~ /^# not in the mirrors? [a-z0-9._ -]+$/) rest = 1
        if (raw[i] ~ /^# replaced by the mirrors? [a-z0-9._ -]+$/) {
          old = raw[i]
          sub(/^# replaced by the mirrors? /, "", old)
          if (i < raws && raw[i + 1] == "Enabled: no") i++
        } else {
          line[++lines] = raw[i]
          if (old != "") sub(/^# was on: /, "", line[lines])
        }
      }
      if (rest && follows) {
        if (concerned) sub(/[ \t\r]*\n$/, "", blanks)
        else put_raw()
      } else if (read()) {
        follows = old != ""
        now = settle(old)
        if (concerned) put_settled(now)
        else put_raw()
      } else {
        if (uris != "") follows = 0
        put_raw()
      }
      raws = 0
    }
    /^[ \t\r]*$/ {
      if (raws > 0) flush()
      blanks = blanks $0 "\n"
      next
    }
    { raw[++raws] = $0 }
    END {
      if (raws > 0) flush()
      put_blanks()
    }`;
