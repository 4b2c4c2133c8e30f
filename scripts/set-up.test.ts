import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const root = join(import.meta.dirname, "..");
let folder = "";
let project = "";

// A project of its own, with an npm that only notes that it was called.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-set-up-"));
  project = join(folder, "project");
  for (const path of ["bin/sluice", "scripts/run.mjs"]) await cp(join(root, path), join(project, path));
  await write("package-lock.json", '{"packages": {"": {}}}');
  await write(
    "scripts/hello.ts",
    "console.log(`hello ${process.argv.slice(2)}` satisfies string); process.exit(3);",
  );
  await write("src/cli/main.ts", "console.log(`sluice ${process.argv.slice(2)}` satisfies string);");
  await write("tools/npm", `#!/bin/sh\necho "$*" >>npm.log\necho noise\nmkdir -p node_modules/.bin\n`);
  await chmod(join(project, "tools/npm"), 0o755);
});
afterEach(async () => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(command: string, ...args: string[]): Promise<Ran> {
  const tools = [join(project, "tools"), dirname(process.execPath), process.env["PATH"] ?? ""].join(
    delimiter,
  );
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, PATH: tools } });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text));
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, out, err };
}

const runner = async (...args: string[]): Promise<Ran> =>
  run(process.execPath, join(project, "scripts/run.mjs"), join(project, "scripts/hello.ts"), ...args);
const npmCalls = async (): Promise<string[]> =>
  (await readFile(join(project, "npm.log"), "utf8").catch(() => ""))
    .split("\n")
    .filter((line) => line !== "");

test("the first run installs, later ones do not; arguments and exit status pass through", async () => {
  const first = await runner("a", "b c");
  assert.deepEqual([first.status, first.out], [3, "hello a,b c\n"]);
  assert.match(first.err, /^Setting up: npm ci --ignore-scripts/);
  assert.doesNotMatch(first.err, /noise/);
  assert.deepEqual(await runner(), { status: 3, out: "hello \n", err: "" });
  assert.deepEqual(await npmCalls(), ["ci --ignore-scripts --no-audit --no-fund"]);
});

test("a changed lock file installs again, unless npm itself has brought node_modules up to date", async () => {
  await runner();
  const wanted = { version: "1.0.0", integrity: "sha512-x" };
  await write("package-lock.json", JSON.stringify({ packages: { "": {}, "node_modules/a": wanted } }));
  await write("node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/a": wanted } }));
  await runner();
  assert.equal((await npmCalls()).length, 1);
  const newer = { version: "1.0.1", integrity: "sha512-y" };
  await write("package-lock.json", JSON.stringify({ packages: { "": {}, "node_modules/a": newer } }));
  await runner();
  assert.equal((await npmCalls()).length, 2);
});

test("a missing Node installs again", async () => {
  await runner();
  await rm(join(project, "node_modules/.bin/node"));
  await runner();
  assert.equal((await npmCalls()).length, 2);
});

test("where npm fails its words are shown, and nothing is run", async () => {
  await write("tools/npm", "#!/bin/sh\necho broken >&2\nexit 1\n");
  const ran = await runner();
  assert.deepEqual([ran.status, ran.out], [1, ""]);
  assert.match(ran.err, /broken\n.*npm ci failed/);
});

test("bin/sluice sets up once and runs from any folder, through symlinks", async () => {
  await symlink("project/bin/sluice", join(folder, "first"));
  await symlink(join(folder, "first"), join(folder, "second"));
  const first = await run(join(folder, "second"), "list", "--json");
  assert.deepEqual([first.status, first.out], [0, "sluice list,--json\n"]);
  assert.match(first.err, /^Setting up/);
  await write("tools/npm", "#!/bin/sh\nexit 1\n");
  assert.deepEqual(await run(join(project, "bin/sluice"), "x"), { status: 0, out: "sluice x\n", err: "" });
  assert.deepEqual(await run("sh", "second", "y"), { status: 0, out: "sluice y\n", err: "" });
});

test("a signal reaches what runs", async () => {
  await runner();
  await write(
    "scripts/wait.ts",
    'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log("up");',
  );
  const child = spawn(process.execPath, [join(project, "scripts/run.mjs"), join(project, "scripts/wait.ts")]);
  child.stdout.once("data", () => child.kill("SIGTERM"));
  assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 7);
});
