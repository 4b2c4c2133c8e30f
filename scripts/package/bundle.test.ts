import { after, test } from "node:test";
import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must } from "../../test/run.ts";
import { Cleanup } from "../../test/temp.ts";
import { bundle } from "./bundle.ts";

const cleanup = new Cleanup();
after(async () => await cleanup.run());

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await cleanup.folder("bundle");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const FIND = `import { readFileSync } from "node:fs";\nimport { fileURLToPath } from "node:url";\n`;

test("files that the sources name beside themselves come along, and are found", async () => {
  const root = await project({
    "src/cli/main.ts": `${FIND}import { execFileSync } from "node:child_process";
      const other: URL = new URL("../serve/other.ts", import.meta.url);
      process.stdout.write(readFileSync(new URL("../text.sh", import.meta.url)));
      process.stdout.write(execFileSync(process.execPath, [fileURLToPath(other)]));`,
    "src/serve/other.ts": `import { word } from "../base/word.ts";\nconsole.log(word);`,
    "src/base/word.ts": `export const word: string = "from another process";`,
    "src/text.sh": "a text\n",
  });
  const out = join(root, "out");
  const modules = await bundle(root, out);
  equal(modules.length, 3);
  deepEqual(
    (await readdir(out)).filter((name) => !name.includes("-")),
    ["main.mjs", "other.mjs", "text.sh"],
  );
  equal(await must(process.execPath, [join(out, "main.mjs")]), "a text\nfrom another process\n");
});

test("what would be missed only where it is installed is refused", async () => {
  const refused = async (files: Readonly<Record<string, string>>, why: RegExp): Promise<void> => {
    const root = await project(files);
    await rejects(bundle(root, join(root, "out")), why);
  };
  await refused(
    { "src/cli/main.ts": `${FIND}readFileSync(import.meta.dirname + "/x");` },
    /main\.ts looks for its own place/,
  );
  await refused({ "src/cli/main.ts": `import "not-there";` }, /not-there/);
  await refused({ "src/cli/main.ts": `${FIND}new URL("gone.sh", import.meta.url);` }, /gone\.sh/);
  await refused(
    {
      "src/cli/main.ts": `import "../a/a.ts"; import "../b/b.ts";`,
      "src/a/a.ts": `export const a = new URL("x.sh", import.meta.url);`,
      "src/b/b.ts": `export const b = new URL("x.sh", import.meta.url);`,
      "src/a/x.sh": "a",
      "src/b/x.sh": "b",
    },
    /would have one name/,
  );
});
