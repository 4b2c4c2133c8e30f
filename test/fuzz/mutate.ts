import { mutateJson } from "./mutate-json.ts";
import type { Target } from "./target.ts";

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  pick<T>(list: readonly T[]): T;
}

export function randomFrom(next: () => number): Random {
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error("nothing to pick from");
      return list[int(list.length)] as T;
    },
  };
}

const NUMBERS = [
  "0",
  "-0",
  "-1",
  "1",
  "00",
  "7",
  "255",
  "256",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551616",
  "999999999999999",
  "1e308",
  "1e999",
  "0x10",
  "1.5",
  "NaN",
  "9".repeat(400),
];
const ODD = [
  "",
  "\0",
  "\r",
  "\r\n",
  "\n",
  "\n\n",
  "\t",
  " ",
  "\u00a0",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\u0085",
  "\ud83d\ude00",
  "e\u0301",
  "%00",
  "%2f",
  "%2e%2e",
  "%",
  "..",
  "../",
  "./",
  "//",
  "\\",
  "'",
  '"',
  "`",
  "$(x)",
  ":",
  ";",
  ",",
  "=",
  "#",
  "&",
  "*",
  "!",
  "|",
  "-",
  "- ",
  "-----",
  "~",
  "^",
  "@",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "[]",
  "{}",
];
const BYTES = [0, 1, 9, 10, 13, 32, 0x22, 0x2e, 0x2f, 0x5c, 0x7f, 0x80, 0xc0, 0xc2, 0xed, 0xf4, 0xfe, 0xff];
const SEPARATOR = /[\s:=,;"'{}()[\]/<>@&?-]/;

type Step = (input: Buffer, random: Random, context: Context) => Buffer;

interface Context {
  readonly words: readonly string[];
  readonly others: readonly Buffer[];
  readonly json: Target["json"];
}

function replace(input: Buffer, from: number, to: number, by: Uint8Array | string): Buffer {
  return Buffer.concat([input.subarray(0, from), Buffer.from(by as string), input.subarray(to)]);
}

function span(input: Buffer, random: Random, most = input.length): [from: number, to: number] {
  const from = random.int(input.length + 1);
  // Short ones far more often.
  const length = random.int(1 + Math.min(most, 2 ** random.int(14)));
  return [from, Math.min(input.length, from + length)];
}

/** A word, a number or a piece between two separators. */
function token(input: Buffer, random: Random): [from: number, to: number] {
  const text = input.toString("latin1");
  const at = random.int(text.length + 1);
  let [from, to] = [at, at];
  while (from > 0 && at - from < 200 && !SEPARATOR.test(text.charAt(from - 1))) from--;
  while (to < text.length && to - at < 200 && !SEPARATOR.test(text.charAt(to))) to++;
  return [from, to];
}

function line(input: Buffer, random: Random): [from: number, to: number] {
  const at = random.int(input.length + 1);
  const end = input.indexOf(10, at);
  return [at === 0 ? 0 : input.lastIndexOf(10, at - 1) + 1, end < 0 ? input.length : end + 1];
}

const STEPS: readonly Step[] = [
  (input, random) => {
    const copy = Buffer.from(input);
    const at = random.int(input.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.int(8));
    return copy;
  },
  (input, random) => {
    const copy = Buffer.from(input);
    if (copy.length > 0)
      copy[random.int(input.length)] = random.int(2) === 0 ? random.pick(BYTES) : random.int(256);
    return copy;
  },
  (input, random) => insert(input, random, Buffer.from([random.int(256)])),
  (input, random) => replace(input, ...span(input, random), ""),
  (input, random) => input.subarray(0, random.int(input.length + 1)),
  (input, random) => input.subarray(random.int(input.length + 1)),
  (input, random) => {
    const [from, to] = span(input, random);
    return replace(input, from, from, input.subarray(from, to));
  },
  (input, random) => {
    const [from, to] = span(input, random, 64);
    return replace(
      input,
      from,
      to,
      Buffer.concat(Array.from({ length: 2 ** random.int(11) }, () => input.subarray(from, to))),
    );
  },
  // Words of the grammar, numbers and odd characters: in between, and in place of a token.
  (input, random, { words }) => insert(input, random, words.length > 0 ? random.pick(words) : ""),
  (input, random, { words }) =>
    replace(input, ...token(input, random), words.length > 0 ? random.pick(words) : ""),
  (input, random, { words }) =>
    replace(input, ...token(input, random), words.length > 0 ? random.pick(words) : ""),
  (input, random) => replace(input, ...token(input, random), random.pick(NUMBERS)),
  (input, random) => replace(input, ...token(input, random), ""),
  (input, random) => insert(input, random, random.pick(ODD)),
  (input, random) => replace(input, ...token(input, random), random.pick(ODD)),
  (input, random) => {
    const digits = [...input.toString("latin1").matchAll(/\d+/g)];
    if (digits.length === 0) return input;
    const { 0: found, index } = random.pick(digits);
    const near = [BigInt(found) + 1n, BigInt(found) - 1n, BigInt(found) * 2n, -BigInt(found)].map(String);
    return replace(input, index, index + found.length, random.pick([...near, ...NUMBERS]));
  },
  // Lines: gone, doubled, moved, swapped for one of another input.
  (input, random) => replace(input, ...line(input, random), ""),
  (input, random) => {
    const [from, to] = line(input, random);
    const [at] = line(input, random);
    return replace(input, at, at, input.subarray(from, to));
  },
  (input, random, { others }) => {
    const other = random.pick(others);
    return replace(input, ...line(input, random), other.subarray(...line(other, random)));
  },
  (input, random, { others }) => {
    const other = random.pick(others);
    const [at] = line(input, random);
    return replace(input, at, at, other.subarray(...line(other, random)));
  },
  (input, random, { others }) => {
    const other = random.pick(others);
    return replace(input, ...token(input, random), other.subarray(...token(other, random)));
  },
  (input, random, { others }) => {
    const other = random.pick(others);
    return Buffer.concat([
      input.subarray(0, random.int(input.length + 1)),
      other.subarray(random.int(other.length + 1)),
    ]);
  },
  // Depth and length.
  (input, random) => {
    const count = 2 ** random.int(13);
    const [open, close] = random.pick([
      ["[", "]"],
      ["{", "}"],
      ["(", ")"],
      ['{"a":', "}"],
      ["- ", ""],
      ["a/", ""],
      [" ", ""],
      ["*", ""],
    ] as const);
    return insert(input, random, open.repeat(count) + (random.int(2) === 0 ? close.repeat(count) : ""));
  },
  (input, random) =>
    insert(
      input,
      random,
      random.pick(["a", "0", " ", "\n", "-", "é", "\t", "A: 1\n"]).repeat(2 ** random.int(16)),
    ),
];

function insert(input: Buffer, random: Random, what: string | Uint8Array): Buffer {
  const at = random.int(input.length + 1);
  return replace(input, at, at, what);
}

/** A changed copy of the input: a few small steps, of the bytes or of the JSON in them. */
export function mutate(input: Buffer, random: Random, context: Context, maxBytes: number): Buffer {
  let changed = input;
  for (let left = 1 + random.int(2 ** random.int(4)); left > 0; left--) {
    const asJson = context.json !== undefined && random.int(2) === 0;
    const step = asJson
      ? (one: Buffer) => mutateJson(one, random, context.json, context.words)
      : random.pick(STEPS);
    changed = step(changed, random, context);
    // What grows without end is cut: not always at its end.
    if (changed.length > maxBytes) changed = changed.subarray(0, maxBytes);
  }
  return changed;
}
