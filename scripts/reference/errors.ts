import { ERRORS } from "../../src/base/errors.ts";
import { GENERATED, markdownTable } from "./markdown.ts";

/** docs/reference/errors.md */
export function errorsReference(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning, remedy }]) => [
    `\`${code}\``,
    String(exit),
    meaning,
    remedy,
  ]);
  return `# Errors

${GENERATED}An error is one sentence on stderr, \`sluice: error[CODE]: …\`, with a hint below it where there is one. With \`--json\` the last line on
stdout is \`{"error": {"code", "message"}}\`; \`sync\` puts the same object into the line of the mirror that failed. Codes are stable: scripts may test
them. The exit status is 0 where all is done, 1 where something failed, 2 where the command line or the config is wrong.

${markdownTable(["code", "exit status", "meaning", "what to do"], rows)}`;
}
