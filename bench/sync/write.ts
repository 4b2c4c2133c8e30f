import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const PAGE = join(import.meta.dirname, "../../docs/benchmarks.md");

/** Puts a text between `<!-- NAME: begin -->` and `<!-- NAME: end -->` of docs/benchmarks.md. */
export async function writeSection(name: string, text: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const begin = `<!-- ${name}: begin -->\n`;
  const end = `<!-- ${name}: end -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the section '${name}'`);
  await writeFile(PAGE, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
