import { readFile } from "node:fs/promises";
import type { Ecosystem } from "../../ecosystems/contract.ts";
import type { ReadStore } from "../../store/contract.ts";
import type { Cargo } from "../contract.ts";
import type { Assumed } from "./assume.ts";
import type { BundleManifest } from "./layout.ts";
import { reportOf, reportPage } from "./report.ts";

const SCRIPTS = {
  "verify.sh": new URL("scripts/verify.sh", import.meta.url),
  "import.sh": new URL("scripts/import.sh", import.meta.url),
};

/** What people and plain tools need of a bundle: the report, the scripts, and a word on how to use them. */
export async function extrasOf(
  store: ReadStore,
  find: (ecosystem: string) => Ecosystem | undefined,
  manifest: BundleManifest,
  cargo: Cargo,
  assumed: Assumed,
): Promise<Map<string, Buffer>> {
  const report = await reportOf(store, find, manifest, cargo, assumed);
  const extras = new Map<string, Buffer>([
    ["report.json", Buffer.from(`${JSON.stringify(report, undefined, 1)}\n`)],
    ["report.html", Buffer.from(reportPage(report))],
    ["README.txt", Buffer.from(readme(manifest))],
  ]);
  for (const [name, script] of Object.entries(SCRIPTS)) extras.set(name, await readFile(script));
  return extras;
}

function readme({ number, created, site, parts, base, snapshots }: BundleManifest): string {
  const builds =
    base.length === 0 ? "It stands alone." : `It builds on bundle ${base.at(-1)}, and on those before it.`;
  return `Bundle ${number}, ${created}, of the Sluice site
${site}

${snapshots.map(({ mirror, id }) => `  ${mirror}@${id}`).join("\n")}

${builds} ${parts.length} parts; they may lie on several media.

With Sluice:      sluice import FOLDER…
Without it:       sh verify.sh FINGERPRINT      checks the signature and every file
                  sh import.sh TARGET           unpacks trees that clients can use
                  (they need gpg, tar and sha256sum)

report.html says what it changes. What is in the other files: manifest.json, contents.txt.
`;
}
