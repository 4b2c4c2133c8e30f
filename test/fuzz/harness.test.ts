import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { randomOf } from "../faults/tries.ts";
import { fuzz } from "./fuzz.ts";
import type { Job } from "./job.ts";
import { mutate, randomFrom } from "./mutate.ts";
import { shrink } from "./shrink.ts";

const toys = { name: "toys", file: new URL("toys/faults.ts", import.meta.url).href, aims: ["/toys/"] };
const job: Job = {
  target: toys,
  seed: 1,
  executions: 0,
  seconds: 60,
  guided: false,
  inputs: [],
};

const FAULTS: readonly (readonly [input: string, fault: RegExp])[] = [
  ["a type error in it", /^TypeError: Cannot read/],
  ["internal", /^SluiceError: A mistake/],
  ["rejects later", /^RangeError: later/],
  ["strays", /nobody waits for it/],
  ["waits", /^never came to its end/],
  ["slow", /^took [\d.]+ s of processor time/],
  ["large", /^took 128 MiB beside the heap/],
  ["heap", /^took more than \d+ MiB of heap/],
];
// Small ones, so that they are soon reached.
function limitsOf(input: string): NonNullable<Job["limits"]> {
  if (input === "heap") return { heapMb: 48 };
  return input === "slow" ? { cpuMs: 100 } : {};
}

for (const [input, fault] of FAULTS) {
  test(`'${input}' is a finding, with its input`, async () => {
    const { findings } = await fuzz({ ...job, inputs: [Buffer.from(input)], limits: limitsOf(input) });
    equal(findings.length, 1, JSON.stringify(findings));
    match(findings[0]?.fault ?? "", fault);
    // What was thrown is made as short as it goes.
    equal(findings[0]?.input.toString(), input === FAULTS[0]?.[0] ? "type error" : input);
  });
}

test("a run that hangs is stopped, and is a finding", async () => {
  const { findings } = await fuzz({ ...job, inputs: [Buffer.from("hangs")], limits: { hangMs: 1500 } });
  match(findings[0]?.fault ?? "", /^did not end within 1.5 s/);
  equal(findings[0]?.input.toString(), "hangs");
});

test("what is taken and what is refused are no findings, and are counted", async () => {
  const { findings, taken, refused, executions } = await fuzz({ ...job, inputs: [Buffer.from("other")] });
  deepEqual([findings.length, taken, refused, executions], [0, 2, 1, 3]);
});

test("coverage leads to a place behind several branches", async () => {
  const search = { ...job, executions: 40_000, seconds: 20 };
  const { findings, covered, known, reaching } = await fuzz({ ...search, guided: true });
  match(findings[0]?.fault ?? "", /^TypeError: found/);
  ok(covered > 5 && covered < known && reaching.length >= 2, `${covered} of ${known}, ${reaching.length}`);
});

test("a seed makes the same inputs again, none longer than it may be", () => {
  const made = (seed: number): string[] => {
    const random = randomFrom(randomOf(seed));
    const others = [Buffer.from('{"a": [1, "b"]}\nkey: value 12\n')];
    const context = { words: ["word"], others, json: "lines" } as const;
    return Array.from({ length: 500 }, () =>
      mutate(others[0] ?? Buffer.alloc(0), random, context, 300).toString("hex"),
    );
  };
  deepEqual(made(7), made(7));
  ok(new Set(made(7)).size > 250 && made(7).join() !== made(8).join());
  ok(made(7).every(({ length }) => length <= 600));
});

test("an input is shrunk to what matters of it", async () => {
  const long = Buffer.from(`${"x".repeat(500)}needle${"y".repeat(300)}`);
  const small = await shrink(long, async (one) => one.includes("needle"), 10_000);
  equal(small.toString(), "needle");
});
