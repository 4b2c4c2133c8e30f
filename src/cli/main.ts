import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

process.umask(0o022);
// In the project's own folder: a cache in a folder that others may write would be code that others may write.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url)));
const { runCli } = await import("./run.ts");
process.exit(await runCli(process.argv.slice(2)));
