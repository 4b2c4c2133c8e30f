import type { CommandFacts, CommandOption, Wants } from "./commands.ts";
import { quote } from "./quote.ts";

/** What bash asks when Tab is pressed. */
export function bashCompletion(commands: readonly CommandFacts[]): string {
  const [program, ...others] = commands;
  const global = program?.options ?? [];
  const all = [...new Map(commands.flatMap(({ options }) => options).map((one) => [one.name, one])).values()];
  const cases = commands.map(({ path, subs, options, arguments: words }) => {
    const names = options.map(({ name }) => name).join(" ");
    const takes = words.at(-1)?.takes ?? "word";
    return `    ${quote(path)}) subs=${quote(subs.join(" "))} options=${quote(names)} takes=${takes} ;;`;
  });
  return `# bash completion for sluice
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at='' next i subs='' options='' takes=word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${at:+$at }\${COMP_WORDS[i]}"
    case \${COMP_WORDS[i]} in
      ${namesOf(all.filter(({ takes, optional }) => takes !== undefined && !optional))}) ((i++)) ;;
      -*) ;;
      *) case $next in ${others.map(({ path }) => quote(path)).join(" | ")}) at=$next ;; esac ;;
    esac
  done
  case $at in
${cases.join("\n")}
  esac
  options="$options ${[...global.map(({ name }) => name), "--help"].join(" ")}"
  case $prev in
${(["file", "folder", "word"] as const).map((wants) => prevCase(all, wants)).join("")}  esac
  case $takes/$cur in
    none/*) return ;;
    */-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur") ;;
    file/*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    folder/*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$subs" -- "$cur") ;;
  esac
}
complete -F _sluice sluice
`;
}

/** After an option that takes a value, only that is offered. */
function prevCase(options: readonly CommandOption[], wants: Wants): string {
  const found = options.filter(({ takes, optional }) => takes === wants && !optional);
  if (found.length === 0) return "";
  return `    ${namesOf(found)}) takes=${wants === "word" ? "none" : wants} ;;\n`;
}

function namesOf(options: readonly CommandOption[]): string {
  return options.map(({ name }) => name).join(" | ");
}
