import type { Command } from "commander";
import { processIo } from "../../src/cli/io.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { GENERATED, markdownTable } from "./markdown.ts";

/** docs/reference/commands.md */
export function commandsReference(): string {
  const program = buildProgram(processIo(), () => {
    throw new Error("The reference runs no command.");
  });
  return `# Commands

${GENERATED}\`bin/sluice\` in the repository runs the sources; an installed one is \`sluice\`. These options work before and after the command:

${optionTable(program)}
Results go to stdout; progress, remarks and errors to stderr. The exit status is 0 where all is done, 1 where something failed, 2 where the command
line or the config is wrong: see [errors](errors.md).

${leaves(program).map(section).join("\n")}`;
}

/** Commands that do something, those with sub-commands opened up; one that takes arguments itself does something too. */
function leaves(command: Command): Command[] {
  return command.commands.flatMap((sub) => {
    const below = leaves(sub);
    return below.length > 0 && sub.registeredArguments.length === 0 ? below : [sub, ...below];
  });
}

function section(command: Command): string {
  const name = fullName(command);
  const usage = `sluice ${name} ${command.usage().replace(/^\[options\] ?/, command.options.length > 0 ? "[options] " : "")}`;
  const words = command.registeredArguments.filter((argument) => argument.description !== "");
  const explained = words.map((argument) => [`\`${argument.name()}\``, argument.description]);
  const about = command.description();
  return `## ${name}

\`${usage.trim()}\`

${about.charAt(0).toUpperCase()}${about.slice(1)}.
${explained.length === 0 ? "" : `\n${markdownTable(["argument", "meaning"], explained)}`}${command.options.length === 0 ? "" : `\n${optionTable(command)}`}`;
}

function fullName(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : `${fullName(parent)} ${command.name()}`;
}

function optionTable(command: Command): string {
  const rows = command.options.map(({ flags, description, defaultValue }) => [
    `\`${flags}\``,
    typeof defaultValue === "string" ? `${description}; \`${defaultValue}\` by default` : description,
  ]);
  return markdownTable(["option", "meaning"], rows);
}
