/** One call of a log that `strace -f -y` wrote. */
export interface Call {
  /** Of the thread. */
  readonly pid: number;
  readonly name: string;
  /** As written: `"/a/b"`, `3</a/b>`, `O_RDONLY|O_CLOEXEC`. */
  readonly args: readonly string[];
  /** Undefined where it never came back. */
  readonly result: number | undefined;
  /** The name of the error, such as ENOENT. */
  readonly error: string | undefined;
  /** Lines of the log where it began and ended; those of other threads may lie between. */
  readonly began: number;
  readonly ended: number;
}

/** The calls of a log, in the order in which they began. */
export function parseStrace(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, { at: number; began: number; head: string }>();
  for (const [line, whole] of text.split("\n").entries()) {
    const [, digits = "", rest = ""] = /^(\d+) +(.*)$/.exec(whole) ?? [];
    const pid = Number(digits);
    const unfinished = /^(\w+\(.*?),? ?<unfinished \.\.\.>$/.exec(rest)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (unfinished !== undefined) {
      open.set(pid, { at: calls.length, began: line, head: unfinished });
      calls.push(callOf(pid, `${unfinished}) = ?`, line, Infinity));
    } else if (resumed !== undefined) {
      const { at, began, head } = open.get(pid) ?? { at: calls.length, began: line, head: "" };
      open.delete(pid);
      calls[at] = callOf(pid, join(head, resumed), began, line);
    } else if (/^\w+\(/.test(rest)) calls.push(callOf(pid, rest, line, line));
  }
  return calls;
}

// `close(3` and `)  = 0`, or `fsync(3</a>` and `, more) = 0`: what was cut at a comma gets it back.
function join(head: string, tail: string): string {
  const more = tail.trimStart();
  return more.startsWith(")") || head.endsWith("(") || more.startsWith(",")
    ? head + more
    : `${head}, ${more}`;
}

function callOf(pid: number, text: string, began: number, ended: number): Call {
  const { name, args, tail } = split(text);
  const [, value] = /= (-?\d+|\?)/.exec(tail) ?? [];
  const error = /= -1 (E[A-Z]+)/.exec(tail)?.[1];
  const result = value === undefined || value === "?" ? undefined : Number(value);
  return { pid, name, args, result, error, began, ended };
}

/** Splits at the commas that are not in quotes, brackets or the path of a descriptor. */
function split(text: string): { name: string; args: string[]; tail: string } {
  const start = text.indexOf("(");
  const args: string[] = [];
  let depth = 0;
  let from = start + 1;
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') at = endOfString(text, at);
    else if (char === "<" && /[\dD]/.test(text[at - 1] ?? "")) at = endOfPath(text, at);
    else if ("([{".includes(char)) depth++;
    else if (char === ")" && depth === 0) break;
    else if (")]}".includes(char)) depth--;
    else if (char === "," && depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from, at).trim();
  if (last !== "") args.push(last);
  return { name: text.slice(0, start), args, tail: text.slice(at + 1) };
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

// A descriptor's path ends before a comma, a bracket or the end; `(deleted)` may follow it.
function endOfPath(text: string, from: number): number {
  const end = /^<.*?>(?=[,)(\s]|$)/.exec(text.slice(from))?.[0].length;
  return from + (end ?? 1) - 1;
}

/** The path of `"/a/b"`, or of `3</a/b>`; undefined for what is neither. */
export function pathOf(arg: string | undefined): string | undefined {
  if (arg === undefined) return undefined;
  const quoted = /^"(.*)"$/.exec(arg)?.[1];
  return quoted === undefined ? /^(?:\d+|AT_FDCWD)<(.*)>(?:\(deleted\))?$/.exec(arg)?.[1] : unescaped(quoted);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCodePoint(Number.parseInt(code, 8)) : code,
  );
}
