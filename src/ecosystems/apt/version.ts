/**
 * Debian version order, as dpkg has it (deb-version(7)): epoch, then upstream version, then revision; in each, stretches of non-digits and of
 * digits in turn, where `~` sorts before the end, letters before all else. Negative, zero, positive.
 */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    comparePart(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

function split(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? "" : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const order = weight(a, i) - weight(b, j);
      if (order !== 0) return order;
      i++;
      j++;
    }
    const [left, afterLeft] = digits(a, i);
    const [right, afterRight] = digits(b, j);
    // Without leading zeros, the longer number is the larger one: no size limit, no parsing.
    if (left.length !== right.length) return left.length - right.length;
    if (left !== right) return left < right ? -1 : 1;
    i = afterLeft;
    j = afterRight;
  }
  return 0;
}

function digits(text: string, from: number): [value: string, end: number] {
  let start = from;
  while (text.charCodeAt(start) === 48) start++;
  let end = start;
  while (isDigit(text, end)) end++;
  return [text.slice(start, end), end];
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function weight(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (at >= text.length || isDigit(text, at)) return 0;
  if (code === 126) return -1;
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code : code + 256;
}
