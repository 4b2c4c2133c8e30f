import type { CommandFacts } from "./commands.ts";

/** sluice(1), in the language of man(7). */
export function manPage(commands: readonly CommandFacts[], version: string, seconds: number): string {
  const [program, ...others] = commands;
  if (program === undefined) throw new Error("There is no command.");
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  return [
    `.TH SLUICE 1 "${date}" "Sluice ${version}" "User Commands"`,
    ".SH NAME",
    `sluice \\- ${text(program.about)}`,
    ".SH SYNOPSIS",
    ".B sluice",
    text("[options] command …"),
    ".SH DESCRIPTION",
    text(
      "Sluice brings signed package repositories through a verified gate, keeps every state that it has brought in as a snapshot, and serves any of them to the ecosystem's own client.",
    ),
    ".PP",
    text("Results go to stdout; progress, remarks and errors to stderr."),
    ".SH OPTIONS",
    text("These work before and after the command."),
    ...program.options.map(entry),
    ".SH COMMANDS",
    ...others.filter(({ subs }) => subs.length === 0).flatMap(section),
    ".SH EXIT STATUS",
    ...[
      ["0", "all is done"],
      ["1", "something failed"],
      ["2", "the command line or the config is wrong"],
    ].map(([status = "", meaning = ""]) => `.TP\n.B ${status}\n${text(meaning)}`),
    ".SH ENVIRONMENT",
    ".TP",
    ".B SLUICE_CONFIG",
    text("the config file, where --config names none"),
    ".SH FILES",
    ".TP",
    ".I /etc/sluice/sluice.yaml",
    text("the config, where there is no sluice.yaml in the working folder"),
    ".TP",
    ".I /var/lib/sluice",
    text("the usual data folder"),
    "",
  ].join("\n");
}

function section({ usage, about, options, arguments: words }: CommandFacts): string[] {
  return [
    `.SS ${text(usage)}`,
    text(`${about.charAt(0).toUpperCase()}${about.slice(1)}.`),
    ...words
      .filter((word) => word.about !== "")
      .map((word) => entry({ flags: word.name, about: word.about })),
    ...options.map(entry),
  ];
}

function entry({ flags, about }: { readonly flags: string; readonly about: string }): string {
  return `.TP\n.B ${text(flags)}\n${text(about)}`;
}

/** Text that roff takes as it is: no requests, no escapes, and hyphens that can be searched for and pasted. */
export function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replaceAll("`", "")
    .replace(/^(?=[.'])/, "\\&")
    .replaceAll("\n", " ");
}
