// Runs a TypeScript file of this project with the project's own Node, after setting up node_modules where that is missing or stale.
//   node scripts/run.mjs FILE ARGS…     set up if needed, then run FILE
//   node scripts/run.mjs --set-up       set up only (bin/sluice asks for it)
// Plain JavaScript without dependencies: any Node from 18 on can run it.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = [24, 11];
const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const projectNode = join(bin, "node");
const lockFile = join(root, "package-lock.json");
/** A copy of the package-lock.json that node_modules was made of; bin/sluice compares it too, with cmp. */
const stamp = join(modules, ".sluice-lock");

function fail(sentence) {
  process.stderr.write(`sluice set-up: ${sentence}\n`);
  process.exit(1);
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const nodeRuns = () => spawnSync(projectNode, ["--version"]).status === 0;

/** True where npm's own record of node_modules agrees with package-lock.json, as after `npm install NAME`. */
function installed() {
  const record = read(join(modules, ".package-lock.json"));
  if (record === undefined) return false;
  const have = JSON.parse(record).packages;
  return Object.entries(JSON.parse(readFileSync(lockFile, "utf8")).packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = have[path];
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** Puts this Node in the place of the project's own, on platforms for which npm has no Node that runs. */
function useThisNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]))
    fail(
      `npm has no Node for this platform, and Node ${process.versions.node} is too old: install Node ${NEEDED.join(".")} or later and run again.`,
    );
  mkdirSync(bin, { recursive: true });
  rmSync(projectNode, { force: true });
  symlinkSync(process.execPath, projectNode);
}

function setUp() {
  if (existsSync(projectNode) && read(stamp) === readFileSync(lockFile, "utf8")) return;
  if (!existsSync(projectNode) || !installed()) {
    process.stderr.write("Setting up: npm ci --ignore-scripts (Node 24 and the libraries, about 60 MB) …\n");
    const started = Date.now();
    const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    if (npm.error) fail(`npm cannot be started (${npm.error.message}): install npm, which comes with Node.`);
    if (npm.status !== 0) {
      process.stderr.write(npm.stdout + npm.stderr);
      fail("npm ci failed, see above: check the network and the npm registry setting, then run again.");
    }
    process.stderr.write(`Set up in ${((Date.now() - started) / 1000).toFixed(0)} s.\n`);
  }
  if (!existsSync(projectNode) || !nodeRuns()) useThisNode();
  copyFileSync(lockFile, stamp);
}

function run(file, args) {
  const child = spawn(projectNode, [file, ...args], {
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  });
  // A terminal sends Ctrl-C to the child as well: passing it on would make it two.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("error", (error) => fail(`${projectNode} cannot be started: ${error.message}.`));
  child.on("exit", (status, signal) => process.exit(status ?? 128 + (constants.signals[signal] ?? 0)));
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("say which file to run: node scripts/run.mjs FILE ARGS…");
setUp();
if (file !== "--set-up") run(file, args);
