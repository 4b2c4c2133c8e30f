import { z } from "zod";
import { mostSimilar } from "./similar.ts";

type FieldPath = readonly (string | number)[];

/** One mistake of the config. The message goes on from the field's name. */
export interface Fault {
  readonly path: FieldPath;
  readonly message: string;
  /** The mistake is the key, not its value. */
  readonly atKey?: boolean;
}

type Issue = z.core.$ZodIssue;

/** The mistakes that zod found, each told in our words; `base` is where the checked value stands. */
export function faultsOf(error: z.ZodError, base: FieldPath = []): Fault[] {
  const faults = error.issues.flatMap((issue) => faultsOfIssue(issue, base));
  // What is said of a whole map does not count while one of its keys is wrong.
  return faults.filter((fault) => !faults.some((other) => isBelow(other.path, fault.path)));
}

function isBelow(path: FieldPath, ancestor: FieldPath): boolean {
  return path.length > ancestor.length && ancestor.every((step, index) => step === path[index]);
}

function faultsOfIssue(issue: Issue, base: FieldPath): Fault[] {
  const path = [...base, ...issue.path.filter((step) => typeof step !== "symbol")];
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(",");
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known), atKey: true }));
  }
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => faultsOfIssue(inner, path));
  }
  return [{ path, message: issue.message }];
}

/** The form that was meant: one whose value had the right type at the top. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find(
    (issues) => !issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0),
  );
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = mostSimilar(key, known);
  return near === undefined
    ? `is not a key that is known here: there are ${known.join(", ")}`
    : `is not a key that is known here: did you mean '${near}'?`;
}

/** The messages of what schemas refuse without words of their own; given to every parse. */
export const inOurWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "unrecognized_keys":
      return knownKeys(issue.inst).join(",");
    case "invalid_type":
      return wrongType(issue.input, issue.expected, issue.inst);
    case "invalid_union":
      return issue.input === undefined ? "is missing" : unionMessage(issue.errors);
    case "invalid_value":
      return issue.input === undefined ? "is missing" : `must be ${issue.values.join(" or ")}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? "must not be empty"
        : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
};

function knownKeys(schema: unknown): string[] {
  const shape = (schema as z.ZodObject | undefined)?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a map of keys",
  record: "a map of keys",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
};

function wrongType(input: unknown, expected: string, schema: unknown): string {
  if (input === undefined) return "is missing";
  const wanted = TYPES[expected] ?? expected;
  if (input === null) return `is empty, but must be ${wanted}`;
  if (expected === "string" && (typeof input === "number" || typeof input === "boolean")) {
    const kind = typeof input === "number" ? "number" : "yes-or-no value";
    return faultAsText(input, schema) ?? `must be text, but this is a ${kind}: quote it`;
  }
  return `must be ${wanted}`;
}

/** What would be wrong with it if it were quoted. */
function faultAsText(input: number | boolean, schema: unknown): string | undefined {
  const text = String(input);
  // The digits of a fingerprint are more than a number holds: they stand in the file alone.
  if (!(schema instanceof z.ZodString) || text.includes("e+")) return undefined;
  return schema.safeParse(text, { error: inOurWords }).error?.issues[0]?.message;
}

function unionMessage(branches: readonly (readonly Issue[])[]): string {
  const first = branches.flat().find((issue) => issue.message.endsWith("quote it"));
  if (first !== undefined) return first.message;
  const wanted = branches
    .flat()
    .map((issue) => (issue.code === "invalid_type" ? TYPES[issue.expected] : undefined));
  return `must be ${[...new Set(wanted.filter((type) => type !== undefined))].join(" or ")}`;
}
