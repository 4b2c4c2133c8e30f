/** An epoch, version and release as one text: without an epoch of 0. */
export function evr(epoch: string | number, version: string, release: string): string {
  const number = String(epoch).replace(/^0+(?=\d)/, "");
  return `${number === "0" || number === "" ? "" : `${number}:`}${version}-${release}`;
}

/** rpm's order of versions: epoch, then version, then release. Negative, zero, positive. */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    comparePart(left.epoch, right.epoch) ||
    comparePart(left.version, right.version) ||
    comparePart(left.release, right.release)
  );
}

function split(text: string): { epoch: string; version: string; release: string } {
  const colon = /^\d*:/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(colon);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon > 1 ? text.slice(0, colon - 1) : "0",
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

const SEPARATORS = /^[^A-Za-z0-9~^]+/;

// As rpmvercmp (rpmio/rpmvercmp.c): stretches of digits and of letters in turn; `~` sorts before all, even the end, `^` after the end alone.
function comparePart(first: string, second: string): number {
  let [a, b] = [first, second];
  if (a === b) return 0;
  while (a !== "" || b !== "") {
    a = a.replace(SEPARATORS, "");
    b = b.replace(SEPARATORS, "");
    if (a.startsWith("~") || b.startsWith("~")) {
      if (!a.startsWith("~")) return 1;
      if (!b.startsWith("~")) return -1;
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    if (a.startsWith("^") || b.startsWith("^")) {
      if (a === "") return -1;
      if (b === "") return 1;
      if (!a.startsWith("^")) return 1;
      if (!b.startsWith("^")) return -1;
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    if (a === "" || b === "") break;
    const numeric = /^\d/.test(a);
    const stretch = numeric ? /^\d+/ : /^[A-Za-z]+/;
    const left = stretch.exec(a)?.[0] ?? "";
    const right = stretch.exec(b)?.[0] ?? "";
    // Numbers are newer than letters.
    if (right === "") return numeric ? 1 : -1;
    const order = numeric ? compareNumbers(left, right) : compareTexts(left, right);
    if (order !== 0) return order;
    [a, b] = [a.slice(left.length), b.slice(right.length)];
  }
  if (a === "" && b === "") return 0;
  return a === "" ? -1 : 1;
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return left.length - right.length || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
