#!/usr/bin/env node
// Starts Sluice with the Node that runs this. Nothing is imported before the check, so that an old Node gets to it.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 11)) {
  process.stderr.write(
    `sluice: Node ${process.versions.node} is too old: install 24.11 or later, or a package that brings its own.\n`,
  );
  process.exit(1);
}
await import("../lib/sluice/main.mjs");
