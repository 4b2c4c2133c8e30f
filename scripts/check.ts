import { CHECKS } from "./checks.ts";
import { runSteps } from "./steps.ts";

const { passed, failed } = await runSteps(CHECKS, 2);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
