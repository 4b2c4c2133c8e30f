import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";

const MAX_LINES = 500;

/** The folders of src/ from the ground up; a file imports only from floors below and from its own folder. */
const FLOORS: readonly (readonly string[])[] = [
  ["base"],
  ["store", "upstream", "trust", "formats"],
  ["ecosystems"],
  ["snapshot"],
  ["channel", "config"],
  ["sync"],
  ["transfer", "serve", "schedule"],
  ["cli"],
];

/** What an ecosystem may import from outside its own folder: nothing that reaches a disk or a network. */
const FOR_ECOSYSTEMS = [
  /^src\/(formats|trust|base)\//,
  /^src\/(ecosystems|upstream)\/contract\.ts$/,
  /^node:(buffer|crypto|path|path\/posix|stream|stream\/promises|util)$/,
  /^(?!src\/|node:|undici)/,
];

export interface SourceFile {
  /** Relative to the repository, with slashes: `src/base/names.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Sentences about every file that breaks the rules of DESIGN's layout. */
export function floorFaults(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...sizeFaults(file), ...(isTest(file.path) ? [] : importFaults(file))]);
}

function sizeFaults({ path, text }: SourceFile): string[] {
  const lines = text.split("\n").length - 1;
  return lines > MAX_LINES ? [`${path} has ${lines} lines; ${MAX_LINES} is the most: split it.`] : [];
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.endsWith(".test-helper.ts");
}

function importFaults({ path, text }: SourceFile): string[] {
  if (!path.startsWith("src/")) return [];
  const home = folderOf(path);
  if (floorOf(home) < 0) return [`${path} is in a folder that scripts/floors.ts gives no floor.`];
  return importsOf(text).flatMap((specifier) => {
    const target = specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
    const fault = importFault(path, home, target);
    return fault === undefined ? [] : [`${path} imports ${target}: ${fault}.`];
  });
}

function importFault(path: string, home: string, target: string): string | undefined {
  if (isTest(target)) return "only tests import test helpers";
  const ecosystem = /^src\/ecosystems\/[^/]+\//.exec(path)?.[0];
  if (ecosystem !== undefined && !target.startsWith(ecosystem))
    return FOR_ECOSYSTEMS.some((allowed) => allowed.test(target))
      ? undefined
      : "an ecosystem imports formats, trust, base and the two contracts, nothing that reaches disk or network";
  if (!target.startsWith("src/")) return undefined;
  const folder = folderOf(target);
  if (folder === home || floorOf(folder) < floorOf(home)) return undefined;
  return `${home} does not stand above ${folder}`;
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function floorOf(folder: string): number {
  return FLOORS.findIndex((folders) => folders.includes(folder));
}

/** The specifiers of all static, dynamic and re-exporting imports. */
function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g);
  return [...found].map((match) => match[1] ?? "");
}

/** Every TypeScript file of the repository that people write. */
export async function readSources(root: string): Promise<SourceFile[]> {
  const folders = ["src", "scripts", "test", "bench"];
  const names = await Promise.all(
    folders.map((folder) =>
      readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []),
    ),
  );
  const paths = names
    .flat()
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })));
}
