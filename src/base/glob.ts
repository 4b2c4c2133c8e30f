/** A character, a set of them, `*` (any run without a slash) or `**` (any run). */
type Token = string | ((unit: string) => boolean) | typeof STAR | typeof DEEP;

const STAR = Symbol("*");
const DEEP = Symbol("**");
/** More forms than this of one glob nobody writes. */
const MOST_FORMS = 1000;

/**
 * What a glob matches: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, `{1..9}`, `**` for any number of segments, and a backslash before a character that means itself. The time of a
 * match grows with the lengths of glob and text and no faster, since the text may be hostile: a regular expression would take hours for four stars.
 * Throws a RangeError for braces that stand for too many forms.
 */
export function compileGlob(glob: string): (text: string) => boolean {
  const forms = withoutBraces(glob).flatMap(withoutFolders).map(tokensOf);
  return (text) => text !== "" && forms.some((tokens) => matches(tokens, text));
}

function matches(tokens: readonly Token[], text: string): boolean {
  let [at, next] = [0, 0];
  // Where a star stands, and how far it reaches: what comes after it did not fit, so that it takes one more.
  let [star, starEnd, deep, deepEnd] = [-1, 0, -1, 0];
  while (next < tokens.length || at < text.length) {
    const token = tokens[next];
    if (token === STAR) [star, starEnd] = [next++, at];
    else if (token === DEEP) [deep, deepEnd, star] = [next++, at, -1];
    else if (token !== undefined && at < text.length && fits(token, text.charAt(at))) {
      next++;
      at++;
    } else if (star >= 0 && starEnd < text.length && text.charAt(starEnd) !== "/") {
      at = ++starEnd;
      next = star + 1;
    } else if (deep >= 0 && deepEnd < text.length) {
      at = ++deepEnd;
      [next, star] = [deep + 1, -1];
    } else return false;
  }
  return true;
}

function fits(token: Exclude<Token, symbol>, unit: string): boolean {
  return typeof token === "string" ? token === unit : token(unit);
}

function tokensOf(glob: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length;) {
    const unit = glob.charAt(at);
    const set = unit === "[" ? setAt(glob, at) : undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.end;
      continue;
    }
    if (unit === "*") {
      const isDeep = glob.charAt(at + 1) === "*" && isSegment(glob, at, at + 2);
      if (isDeep) tokens.push(DEEP);
      // Several stars in a row are one.
      else if (tokens.at(-1) !== STAR) tokens.push(STAR);
      at += isDeep ? 2 : 1;
    } else if (unit === "?") {
      tokens.push((one) => one !== "/");
      at++;
    } else {
      const literal = unit === "\\" && at + 1 < glob.length ? 1 : 0;
      tokens.push(glob.charAt(at + literal));
      at += 1 + literal;
    }
  }
  return tokens;
}

function isSegment(glob: string, from: number, to: number): boolean {
  return (from === 0 || glob.charAt(from - 1) === "/") && (to === glob.length || glob.charAt(to) === "/");
}

/** The set that begins with this bracket; undefined where it does not end. */
function setAt(glob: string, from: number): { token: Token; end: number } | undefined {
  const negated = /[!^]/.test(glob.charAt(from + 1));
  const first = from + (negated ? 2 : 1);
  // A bracket that comes first means itself.
  const end = glob.indexOf("]", first + 1);
  if (end < 0) return undefined;
  const units = new Set<string>();
  const ranges: (readonly [string, string])[] = [];
  for (let at = first; at < end; at++) {
    const [low, dash, high] = [glob.charAt(at), glob.charAt(at + 1), glob.charAt(at + 2)];
    if (dash === "-" && at + 2 < end) {
      ranges.push([low, high]);
      at += 2;
    } else units.add(low);
  }
  const holds = (unit: string): boolean =>
    units.has(unit) || ranges.some(([low, high]) => low <= unit && unit <= high);
  return { token: (unit) => unit !== "/" && holds(unit) !== negated, end: end + 1 };
}

/** The globs that one with `{a,b}` or `{1..9}` stands for; braces that are neither mean themselves. */
function withoutBraces(glob: string): string[] {
  const done: string[] = [];
  const waiting = [glob];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const found = bracesIn(one);
    if (found === undefined) done.push(one);
    else {
      const [head, tail] = [one.slice(0, found.from), one.slice(found.to)];
      waiting.push(...found.choices.map((choice) => `${head}${choice}${tail}`));
    }
    if (done.length + waiting.length > MOST_FORMS) throw new RangeError("too many forms");
  }
  return done;
}

/** The first braces that have a choice in them. */
function bracesIn(glob: string): { from: number; to: number; choices: string[] } | undefined {
  for (let from = glob.indexOf("{"); from >= 0; from = glob.indexOf("{", from + 1)) {
    if (glob.charAt(from - 1) === "\\") continue;
    const choices: string[] = [];
    let [depth, begin] = [0, from + 1];
    for (let at = from; at < glob.length; at++) {
      const unit = glob.charAt(at);
      if (unit === "\\") at++;
      else if (unit === "{") depth++;
      else if (unit === "," && depth === 1) {
        choices.push(glob.slice(begin, at));
        begin = at + 1;
      } else if (unit === "}" && --depth === 0) {
        choices.push(glob.slice(begin, at));
        const [only = ""] = choices;
        const range = choices.length === 1 ? /^(.)\.\.(.)$/.exec(only) : null;
        if (range !== null) return { from, to: at + 1, choices: [`[${range[1]}-${range[2]}]`] };
        if (choices.length > 1) return { from, to: at + 1, choices };
        break;
      }
    }
  }
  return undefined;
}

/** `**` between slashes also stands for no segment at all. */
function withoutFolders(glob: string): string[] {
  const short = glob
    .replace(/^\*\*\//, "")
    .replaceAll(/\/\*\*(?=\/)/g, "")
    .replace(/\/\*\*$/, "");
  return short === glob ? [glob] : [glob, short];
}
