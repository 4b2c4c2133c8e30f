import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openTransport } from "../../../src/upstream/open.ts";
import { gather, must } from "../kit.ts";
import type { Target } from "../target.ts";

/** What is asked of an upstream in a folder: only what lies in it is ever read. The further lines are the URL of another upstream. */
export async function open(): Promise<Target> {
  const home = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  const root = join(home, "root");
  mkdirSync(join(root, "pool"), { recursive: true });
  writeFileSync(join(root, "pool", "a+b.deb"), "inside");
  writeFileSync(join(home, "secret"), "outside");
  symlinkSync("../secret", join(root, "link"));
  symlinkSync("..", join(root, "up"));
  const base = pathToFileURL(`${root}/`).href;
  const transport = openTransport(base);
  return {
    seeds: [
      "pool/a%2Bb.deb",
      "pool/../pool/a+b.deb",
      "link",
      "up/secret",
      "BASE/pool/a+b.deb",
      "%2e%2e/secret",
      "x\nfile:///srv/x",
      "x\nfile://h/x",
    ],
    words: [
      "..",
      "%2e%2e",
      "%2E.",
      "/",
      "%2f",
      "%5c",
      "\\",
      "link",
      "up",
      "secret",
      "pool",
      "a+b.deb",
      "%00",
      "?",
      "#",
      "file:///",
      "file:",
      "BASE",
      "//",
      "./",
      "\n",
      "http://",
      "%",
    ],
    async run(input) {
      const [raw = "", other] = input.toString().split("\n");
      if (other !== undefined && !/^https?:/i.test(other)) await openTransport(other).close();
      const reply = await transport.fetch({ from: raw.replace("BASE/", base), offset: input.length % 3 });
      if (reply.status !== "ok") return;
      const bytes = await gather(reply.body);
      must("inside".endsWith(bytes.toString()) && bytes.length > 0, "only what lies in the folder is read");
    },
  };
}
