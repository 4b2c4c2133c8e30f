/** Lines of a POSIX shell script that give `content` to the command as its standard input, as it stands; the shell reads nothing in it. */
export function hereDocument(command: string, content: string): string[] {
  // A name that no line of the content is, so that nothing in it ends the text early.
  let mark = "SLUICE_END";
  while (content.split("\n").includes(mark)) mark += "_";
  return [`${command} <<'${mark}'`, content.replace(/\n$/, ""), mark];
}
