import type { CommandFacts, CommandOption, Wants } from "./commands.ts";
import { quote } from "./quote.ts";

const ACTIONS: Readonly<Record<Wants, string>> = { file: "_files", folder: "_files -/", word: "" };

/** What zsh asks when Tab is pressed. */
export function zshCompletion(commands: readonly CommandFacts[]): string {
  const [program, ...others] = commands;
  const global = program?.options ?? [];
  const cases = commands.map(({ path, subs, options, arguments: words }) => {
    const named = subs.map((sub) => {
      const about = others.find((one) => one.path === (path === "" ? sub : `${path} ${sub}`))?.about ?? "";
      return quote(`${sub}:${about.replaceAll(":", "\\:")}`);
    });
    const last = words.at(-1);
    const own = path === "" ? [] : options.map(optionSpec);
    // Also where there is none: the command's own name is one to zsh.
    const rest = last === undefined ? "*: :" : `*:${last.name}:${ACTIONS[last.takes]}`;
    const specs = [...own, quote(rest)];
    return `    (${quote(path)}) subs=(${named.join(" ")}) specs=(${specs.join(" ")}) ;;`;
  });
  return `#compdef sluice
_sluice() {
  local at='' next
  local -a subs specs
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    next="\${at:+$at }$words[i]"
    case $next in (${others.map(({ path }) => quote(path)).join("|")}) at=$next ;; esac
  done
  case $at in
${cases.join("\n")}
  esac
  specs+=(${global.map(optionSpec).join(" ")})
  if (( $#subs )) && [[ $words[CURRENT] != -* ]]; then
    _describe command subs
  else
    _arguments $specs
  fi
}
_sluice "$@"
`;
}

function optionSpec({ name, flags, about, takes, optional }: CommandOption): string {
  const many = flags.includes("...") ? "*" : "";
  const plain = about.replaceAll(/[[\]:\\]/g, "\\$&");
  const value = takes === undefined ? "" : `${optional ? "::" : ":"}${takes}:${ACTIONS[takes]}`;
  return quote(`${many}${name}[${plain}]${value}`);
}
