import type { Command, Option } from "commander";
import { processIo } from "../../src/cli/io.ts";
import { buildProgram } from "../../src/cli/program.ts";

/** What a word stands for, as far as a shell can help with it. */
export type Wants = "file" | "folder" | "word";

export interface CommandOption {
  /** As written in help: `-V, --version`, `--medium <folder>`. */
  readonly flags: string;
  /** `--medium`. */
  readonly name: string;
  readonly about: string;
  /** Undefined where it takes no value. */
  readonly takes: Wants | undefined;
  /** A value may be left out. */
  readonly optional: boolean;
}

export interface CommandFacts {
  /** Without the program: `export`, `key show`; empty for the program itself. */
  readonly path: string;
  readonly usage: string;
  readonly about: string;
  readonly options: readonly CommandOption[];
  readonly arguments: readonly { readonly name: string; readonly about: string; readonly takes: Wants }[];
  /** Names of its sub-commands. */
  readonly subs: readonly string[];
}

/** Every command, the program first, each followed by its sub-commands. */
export function commandFacts(): readonly CommandFacts[] {
  return factsOf(
    buildProgram(processIo(), () => {
      throw new Error("No command is run.");
    }),
    "",
  );
}

function factsOf(command: Command, path: string): CommandFacts[] {
  const below = (name: string): string => (path === "" ? name : `${path} ${name}`);
  const own: CommandFacts = {
    path,
    usage: `sluice ${below(command.usage())}`.replace(
      /\[options\] ?/,
      command.options.length > 0 ? "$&" : "",
    ),
    about: command.description(),
    options: command.options.map(optionFacts),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      about: argument.description,
      takes: wants(argument.name()),
    })),
    subs: command.commands.map((sub) => sub.name()),
  };
  return [own, ...command.commands.flatMap((sub) => factsOf(sub, below(sub.name())))];
}

function optionFacts({ flags, long, description, defaultValue }: Option): CommandOption {
  const [, value] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? [];
  return {
    flags,
    name: long ?? flags,
    about: typeof defaultValue === "string" ? `${description}; ${defaultValue} by default` : description,
    takes: value === undefined ? undefined : wants(value),
    optional: flags.includes("["),
  };
}

function wants(name: string): Wants {
  const plain = name.replace(/\.+$/, "");
  if (plain === "folder") return "folder";
  return plain === "file" || plain === "archive" ? "file" : "word";
}
