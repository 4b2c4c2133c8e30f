import { test } from "node:test";
import { deepEqual } from "node:assert/strict";
import { completeLock, readLock } from "./lock.ts";

test("package-lock.json has an entry for each optional package, so that `npm ci` takes it", () => {
  deepEqual(completeLock(readLock()).added, [], "run: node scripts/lock.ts");
});

test("an entry that is missing says for which platform it is", () => {
  const tool = {
    version: "1.0.0",
    optionalDependencies: {
      "@tool/binding-linux-arm-musleabihf": "1.0.0",
      "@tool/binding-linux-x64-gnu": "1.0.0",
      "@tool/win32-arm64": "1.0.0",
      "@tool/linux-x64": "1.0.0",
      "@tool/binding-wasm32-wasi": "1.0.0",
    },
  };
  const here = { version: "1.0.0", integrity: "sha512-x" };
  const { lock, added } = completeLock({
    packages: { "node_modules/tool": tool, "node_modules/@tool/linux-x64": here },
  });
  deepEqual(added, [
    "@tool/binding-linux-arm-musleabihf",
    "@tool/binding-linux-x64-gnu",
    "@tool/win32-arm64",
    "@tool/binding-wasm32-wasi",
  ]);
  const common = { version: "1.0.0", dev: true, optional: true };
  deepEqual(lock.packages, {
    "node_modules/@tool/binding-linux-arm-musleabihf": {
      ...common,
      cpu: ["arm"],
      libc: ["musl"],
      os: ["linux"],
    },
    "node_modules/@tool/binding-linux-x64-gnu": { ...common, cpu: ["x64"], libc: ["glibc"], os: ["linux"] },
    "node_modules/@tool/binding-wasm32-wasi": { ...common, cpu: ["wasm32"] },
    "node_modules/@tool/linux-x64": here,
    "node_modules/@tool/win32-arm64": { ...common, cpu: ["arm64"], os: ["win32"] },
    "node_modules/tool": tool,
  });
});
