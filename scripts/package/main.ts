import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatBytes } from "../../src/cli/format.ts";
import { sha256 } from "../../src/base/digest.ts";
import { isInstalled } from "../../test/needs.ts";
import { removeFolder, tempFolder } from "../../test/temp.ts";
import { installPrograms, type Program as Needed } from "../clients.ts";
import { ARCHES, NAMES } from "./arch.ts";
import { makeDeb } from "./deb.ts";
import { layOut } from "./lay-out.ts";
import { nodeBinary } from "./node-binary.ts";
import { makeNpm } from "./npm.ts";
import { makeProgram } from "./program.ts";
import { release } from "./release.ts";
import { makeRpm } from "./rpm.ts";
import { makeTarball } from "./tarball.ts";

// npm run package                            all packages, for amd64 and arm64, into dist/, with SHA256SUMS
// npm run package -- --only deb --only tar   only these: tar, deb, rpm, npm
// npm run package -- --arch amd64            only this architecture
// npm run package -- --to FOLDER             into another folder
// npm run package -- --fast                  less compressed, for a try
const FORMATS = ["tar", "deb", "rpm", "npm"] as const;
const PROGRAMS: Readonly<Record<(typeof FORMATS)[number], readonly Needed[]>> = {
  tar: [{ program: "xz", debian: "xz-utils" }],
  deb: [{ program: "dpkg-deb", debian: "dpkg" }],
  rpm: [{ program: "rpmbuild", debian: "rpm" }],
  npm: [],
};

const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    arch: { type: "string", multiple: true },
    to: { type: "string", default: join(root, "dist") },
    fast: { type: "boolean", default: false },
  },
});

const work = await tempFolder("package");
try {
  await main();
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`npm run package: ${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  await removeFolder(work);
}

async function main(): Promise<void> {
  const formats = chosen("--only", FORMATS, values.only);
  const arches = chosen("--arch", ARCHES, values.arch);
  findPrograms(formats.flatMap((format) => PROGRAMS[format]));
  const to = resolve(values.to);
  await mkdir(to, { recursive: true });
  const of = await release(root);
  const program = await makeProgram(root, join(work, "program"), of);
  const made: string[] = [];
  const done = async (path: string): Promise<void> => {
    made.push(path);
    process.stdout.write(`${path} ${formatBytes((await stat(path)).size)}\n`);
  };
  if (formats.includes("npm")) await done(await makeNpm(root, work, to, of, program));
  for (const arch of formats.some((format) => format !== "npm") ? arches : []) {
    const folder = join(work, arch);
    const node = await nodeBinary(root, arch, join(folder, "node"));
    if (!node.stripped)
      process.stdout.write(`${NAMES[arch].strip} is not here: Node for ${arch} keeps its symbols, 18 MB.\n`);
    if (formats.includes("tar"))
      await done(await makeTarball(root, folder, to, arch, of, program, node, values.fast));
    for (const format of ["deb", "rpm"] as const) {
      if (!formats.includes(format)) continue;
      const tree = join(folder, format);
      const shares = format === "deb" ? { zsh: "share/zsh/vendor-completions" } : {};
      await layOut(root, join(tree, "usr"), "/usr", program, node, shares);
      await mkdir(join(tree, "etc/sluice"), { recursive: true });
      await writeFile(
        join(tree, "etc/sluice/sluice.yaml.example"),
        await readFile(join(root, "packaging/sluice.yaml.example")),
      );
      const make = format === "deb" ? makeDeb : makeRpm;
      await done(await make(root, tree, to, arch, of, values.fast));
    }
  }
  const sums = await Promise.all(
    made.map(async (path) => `${sha256(await readFile(path))}  ${basename(path)}\n`),
  );
  await writeFile(join(to, "SHA256SUMS"), sums.toSorted().join(""));
}

function chosen<T extends string>(
  option: string,
  all: readonly T[],
  given: readonly string[] = [],
): readonly T[] {
  const strange = given.find((name) => !all.some((one) => one === name));
  if (strange !== undefined) throw new Error(`${option} takes ${all.join(", ")}, not '${strange}'.`);
  return given.length === 0 ? all : all.filter((one) => given.includes(one));
}

function findPrograms(needed: readonly Needed[]): void {
  installPrograms(needed);
  const missing = needed.find(({ program }) => !isInstalled(program));
  if (missing !== undefined)
    throw new Error(
      `${missing.program} is not installed: install it (on Debian, apt install ${missing.debian}), or say with --only what to make.`,
    );
}
