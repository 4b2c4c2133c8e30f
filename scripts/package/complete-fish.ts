import type { CommandFacts, CommandOption, Wants } from "./commands.ts";

const VALUES: Readonly<Record<Wants, string>> = {
  file: " -r -F",
  folder: " -r -f -a '(__fish_complete_directories)'",
  word: " -r -f",
};

/** What fish asks when Tab is pressed. */
export function fishCompletion(commands: readonly CommandFacts[]): string {
  const [program, ...others] = commands;
  const lines = commands.flatMap(({ path, options, arguments: words }) => {
    const here = `complete -c sluice -n ${fishQuote(`__sluice_at ${path}`.trim())}`;
    const subs = others.filter((one) => one.path.split(" ").slice(0, -1).join(" ") === path);
    const last = words.at(-1)?.takes;
    return [
      ...subs.map((sub) => `${here} -f -a ${sub.path.split(" ").at(-1)} -d ${fishQuote(sub.about)}`),
      ...(path === "" ? [] : options.map((option) => `${here} ${optionWords(option)}`)),
      ...(last === "folder" ? [`${here} -f -a '(__fish_complete_directories)'`] : []),
      ...(last === "file" ? [`${here} -F`] : []),
    ];
  });
  return `# fish completion for sluice
function __sluice_path
    set -l at
    for word in (commandline -opc)[2..]
        if contains -- (string join -- ' ' $at $word) ${others.map(({ path }) => fishQuote(path)).join(" ")}
            set at $at $word
        end
    end
    string join -- ' ' $at
end
function __sluice_at
    set -l at (__sluice_path)
    test "$at" = "$argv"
end
complete -c sluice -f
${(program?.options ?? []).map((option) => `complete -c sluice ${optionWords(option)}`).join("\n")}
${lines.join("\n")}
`;
}

function optionWords({ name, about, takes, optional }: CommandOption): string {
  const value = takes === undefined || optional ? "" : VALUES[takes];
  return `-l ${name.replace(/^--/, "")}${value} -d ${fishQuote(about)}`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
