import { after, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isInstalled, needs } from "../../test/needs.ts";
import { must } from "../../test/run.ts";
import { Cleanup } from "../../test/temp.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ECOSYSTEMS } from "../../src/ecosystems/index.ts";
import { commandFacts } from "./commands.ts";
import { bashCompletion } from "./complete-bash.ts";
import { fishCompletion } from "./complete-fish.ts";
import { zshCompletion } from "./complete-zsh.ts";
import { manPage, text } from "./man.ts";

const cleanup = new Cleanup();
after(async () => await cleanup.run());
const commands = commandFacts();

test("bash offers commands, sub-commands, options, files and folders", { skip: needs("bash") }, async () => {
  const folder = await cleanup.folder("completion");
  await mkdir(join(folder, "a folder"));
  await writeFile(join(folder, "a file"), "");
  await writeFile(join(folder, "sluice"), bashCompletion(commands));
  const offers = async (...words: readonly string[]): Promise<string[]> => {
    const script = `source ./sluice; COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = await must("bash", ["--norc", "-uc", script, "bash", ...words], { cwd: folder });
    return said.trim().split("\n").toSorted();
  };
  deepEqual(await offers("exp"), ["export"]);
  deepEqual(await offers("key", "re"), ["revoke"]);
  deepEqual(await offers("--config", "sync", "key", "sh"), ["show"]);
  deepEqual(await offers("export", "--med"), ["--medium"]);
  deepEqual(await offers("key", "export", "--med"), [""]);
  deepEqual(await offers("list", "--js"), ["--json"]);
  deepEqual(await offers("import", "a"), ["a folder"]);
  deepEqual(await offers("export", "--medium", "a"), ["a folder"]);
  deepEqual(await offers("key", "trust", "a"), ["a file", "a folder"]);
  deepEqual(await offers("export", "--site", "e"), [""]);
});

for (const [shell, script, wanted] of [
  ["zsh", zshCompletion(commands), "'--medium[a folder"],
  ["fish", fishCompletion(commands), "-n '__sluice_at export' -l medium -r -f"],
] as const)
  test(`${shell} is told of every command`, async () => {
    for (const { path } of commands.slice(1)) equal(script.includes(`'${path}'`), true, path);
    equal(script.includes(wanted), true);
    if (!isInstalled(shell)) return;
    const file = join(await cleanup.folder("completion"), "_sluice");
    await writeFile(file, script);
    await must(shell, ["-n", file]);
  });

test("the manual has every command and option, as text that roff cannot mistake", () => {
  const page = manPage(commands, "1.2.3", 1_600_000_000);
  match(page, /^\.TH SLUICE 1 "2020-09-13" "Sluice 1\.2\.3"/);
  for (const { path, options, subs } of commands) {
    if (subs.length === 0) equal(page.includes(`.SS sluice ${path}`), true, path);
    for (const { flags } of options) equal(page.includes(`.B ${text(flags)}\n`), true, flags);
  }
  equal(text(".so /etc/x"), "\\&.so /etc/x");
  equal(text("'a' \\n --b"), "\\&'a' \\en \\-\\-b");
});

test("the example of a config is one that Sluice takes", () => {
  const file = join(import.meta.dirname, "../../packaging/sluice.yaml.example");
  equal(parseConfig(readFileSync(file, "utf8"), file, ECOSYSTEMS).mirrors.length, 2);
});
