import { keepCompiled } from "../base/compile-cache.ts";

process.umask(0o022);
keepCompiled();
const { runCli } = await import("./run.ts");
process.exit(await runCli(process.argv.slice(2)));
