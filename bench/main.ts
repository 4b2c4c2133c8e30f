// npm run bench -- NAME [ARGS…]     one of the measurements beside this file
const BENCHES: Readonly<Record<string, () => Promise<{ main(args: readonly string[]): Promise<void> }>>> = {
  memory: () => import("./memory.ts"),
  serve: () => import("./serve.ts"),
  sync: () => import("./sync.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (load === undefined) {
  process.stderr.write(`Say which: npm run bench -- ${Object.keys(BENCHES).join(" | ")}\n`);
  process.exit(2);
}
await (await load()).main(args);
