import { test } from "node:test";
import { deepEqual, ok } from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { processIo } from "../src/cli/io.ts";
import { buildProgram } from "../src/cli/program.ts";
import { parseConfig } from "../src/config/parse.ts";
import { ECOSYSTEMS } from "../src/ecosystems/index.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

/** Pages that may speak of commands that are gone, or not there yet. */
const OF_OTHER_TIMES = /^(CHANGELOG\.md|docs\/architecture\.md|docs\/decisions\/)/;

test("every config in the documentation is one that Sluice takes", () => {
  let seen = 0;
  for (const { path, text } of PAGES)
    for (const [, yaml = ""] of text.matchAll(/^```yaml\n(.*?)^```/gms))
      if (/^mirrors:/m.test(yaml)) {
        const { mirrors } = parseConfig(yaml, path, ECOSYSTEMS);
        ok(mirrors.length > 0, path);
        seen++;
      }
  ok(seen > 5, "the examples are found");
});

test("every command in the documentation is one of Sluice's, with its options", () => {
  const program = buildProgram(processIo(), () => {
    throw new Error("No command is run.");
  });
  const faults: string[] = [];
  let seen = 0;
  for (const { path, text } of PAGES.filter(({ path }) => !OF_OTHER_TIMES.test(path)))
    for (const line of commandLines(text)) {
      seen++;
      faults.push(...commandFaults(program, line).map((fault) => `${path}: ${line}: ${fault}`));
    }
  deepEqual(faults, []);
  ok(seen > 50, "the commands are found");
});

test("every link between pages leads to a page, and to a heading of it", () => {
  const faults: string[] = [];
  for (const { path, text } of PAGES)
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, to))) faults.push(`${path}: there is no ${to}`);
      else if (anchor !== undefined && !headings(to).includes(anchor))
        faults.push(`${path}: ${to} has no heading #${anchor}`);
    }
  deepEqual(faults, []);
});

/** `sluice …` as it stands in code blocks and between backquotes, without what a shell does with it. */
function commandLines(text: string): string[] {
  const blocks = text.matchAll(/^(?: {4}|\$ )?(?:[A-Za-z_]+=\S+ )?((?:bin\/)?sluice [a-z-].*)$/gm);
  const inline = text.replaceAll(/^```.*?^```/gms, "").matchAll(/`((?:bin\/)?sluice [a-z-][^`]*)`/g);
  return [...blocks, ...inline].map(([, line = ""]) =>
    line
      .replace(/^bin\//, "")
      .replace(/ +#.*$| [|>&].*$/, "")
      .trim(),
  );
}

function commandFaults(program: Command, line: string): string[] {
  let command = program;
  const known = new Set(program.options.map(({ long }) => long));
  for (const word of line.split(/\s+/).slice(1)) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined) {
      command = sub;
      for (const { long } of sub.options) known.add(long);
    } else if (word === "help") return [];
    // One that has sub-commands and takes arguments itself, such as `audit`, may be given anything.
    else if (command.commands.length > 0 && command.registeredArguments.length === 0 && !word.startsWith("-"))
      return [`there is no '${word}'`];
    else if (word.startsWith("--") && !known.has(word)) return [`it has no ${word}`];
  }
  return [];
}

function headings(path: string): string[] {
  const page = PAGES.find((one) => one.path === path);
  return [...(page?.text ?? "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}
