import type { Random } from "./mutate.ts";
import type { Target } from "./target.ts";

type Node = { readonly holder: Record<string, unknown>; readonly key: string };

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  1e300,
  2 ** 53,
  -(2 ** 53),
  "",
  "a",
  "..",
  "../x",
  "/x",
  "\u0000",
  "\ud800",
  "é\u202e",
  "x".repeat(300),
  "9".repeat(40),
  [],
  [null],
  [""],
  ["a"],
  [[["a"]]],
  {},
  { a: 1 },
  { length: 3 },
  { toString: 1 },
  "__proto__",
  "constructor",
  "0".repeat(64),
  "2026-11-21T04:00:00.000Z",
  "20261121T040000Z",
  "not a date",
  "+275760-09-13T00:00:00.001Z",
];

/** Changes one place of the JSON in the input; the input as it is where that is none. */
export function mutateJson(
  input: Buffer,
  random: Random,
  form: Target["json"],
  words: readonly string[],
): Buffer {
  if (form === "whole") return Buffer.from(changed(input.toString(), random, words) ?? input);
  const lines = input.toString().split("\n");
  const at = random.int(lines.length);
  const line = changed(lines[at] ?? "", random, words);
  if (line === undefined) return input;
  return Buffer.from(lines.with(at, line).join("\n"));
}

function changed(text: string, random: Random, words: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const root = { "": value };
  const nodes: Node[] = [];
  collect(root, nodes, 0);
  const { holder, key } = random.pick(nodes);
  const other = random.pick(nodes);
  const strange = random.int(3) === 0 && words.length > 0 ? random.pick(words) : random.pick(VALUES);
  switch (random.int(7)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      holder[key] = [holder[key]];
      break;
    case 2:
      holder[key] = structuredClone(other.holder[other.key]);
      break;
    case 3:
      Object.defineProperty(holder, words.length > 0 && random.int(2) === 0 ? random.pick(words) : "extra", {
        value: strange,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      break;
    case 4:
      holder[key] = deep(2 ** random.int(12), random);
      break;
    default:
      holder[key] = strange;
  }
  try {
    const indent = text.includes("\n") ? 1 : 0;
    return JSON.stringify(root[""], undefined, indent) ?? "";
  } catch {
    // A value that holds itself, or is nested too deep to write.
    return undefined;
  }
}

function collect(holder: Record<string, unknown>, nodes: Node[], depth: number): void {
  if (nodes.length > 500 || depth > 50) return;
  for (const key of Object.keys(holder)) {
    nodes.push({ holder, key });
    const value = holder[key];
    if (typeof value === "object" && value !== null)
      collect(value as Record<string, unknown>, nodes, depth + 1);
  }
}

function deep(levels: number, random: Random): unknown {
  let value: unknown = "x";
  const asList = random.int(2) === 0;
  for (let level = 0; level < Math.min(levels, 1500); level++) value = asList ? [value] : { a: value };
  return value;
}
