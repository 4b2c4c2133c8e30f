import { globSync } from "node:fs";
import { join } from "node:path";
import { CHECKS } from "./checks.ts";
import { installClients } from "./clients.ts";
import { runSteps } from "./steps.ts";
import { type Counts, runTestFiles } from "./test-files.ts";

// npm test              set-up, every check, every test
// npm test -- PATTERN…  only test files whose path holds one of the patterns
const root = join(import.meta.dirname, "..");
process.chdir(root);
const patterns = process.argv.slice(2);

const SLOW = ["test/e2e/", "test/faults/"];
const isSlow = (path: string): boolean => SLOW.some((folder) => path.startsWith(folder));
const files = globSync(["src/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"])
  .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
  .toSorted();
const absolute = (paths: readonly string[]): string[] => paths.map((path) => join(root, path));

installClients();
const checks = patterns.length === 0 ? await runSteps(CHECKS, 2) : { passed: 0, failed: 0 };
const results: Counts[] = [
  { ...checks, skipped: 0 },
  await runTestFiles(absolute(files.filter((path) => !isSlow(path))), {
    root,
    concurrency: 2,
    testMs: 30_000,
    fileMs: 120_000,
  }),
  // They wait as much as they work.
  await runTestFiles(absolute(files.filter(isSlow)), {
    root,
    concurrency: 3,
    testMs: 180_000,
    fileMs: 600_000,
  }),
];
const sum = (key: keyof Counts): number => results.reduce((total, counts) => total + counts[key], 0);
const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
if (passed + failed === 0) process.stdout.write("No test ran.\n");
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
