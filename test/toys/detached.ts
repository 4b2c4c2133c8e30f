import { z } from "zod";
import { SluiceError } from "../../src/base/errors.ts";
import { checkPath, encodePath } from "../../src/base/path.ts";
import type { Ecosystem, Step } from "../../src/ecosystems/contract.ts";
import { openKeyring } from "../../src/trust/openpgp.ts";
import type { Trust } from "../../src/trust/contract.ts";
import type { Entry, Upstream } from "../../src/upstream/contract.ts";

const MAX_PACKAGE = 1_000_000;
const MAX_SIGNATURE = 10_000;

/**
 * A toy without any digests: `INDEX` (lines `name version path`) is signed by `INDEX.sig`, and each package by a detached signature `<path>.sig`.
 * What a file is shows only when its signature is verified.
 */
export const detached: Ecosystem = {
  id: "detached",
  options: z.object({
    "max-package-size": z.number().int().positive().default(MAX_PACKAGE).describe("Bytes."),
  }),
  enumerate,
  client: async ({ mirror, url }) => ({
    files: [{ format: "toy", path: `/etc/toy/${mirror}`, content: `${url}\n` }],
    notes: [],
  }),
  compareVersions: (a, b) => a.localeCompare(b, "en", { numeric: true }),
  async check(entry, bytes, trust, evidence) {
    if (entry.kind !== "package") return;
    if (evidence === undefined) throw new SluiceError("signature_missing", `${entry.path} has no signature.`);
    if (trust.kind === "none") return;
    const keyring = await openKeyring(trust);
    await keyring.verifyDetached(Buffer.concat(await Array.fromAsync(bytes)), evidence, entry.path);
  },
};

async function* enumerate(upstream: Upstream, options: object, trust: Trust): AsyncGenerator<Step> {
  const maxSize = (options as { "max-package-size"?: number })["max-package-size"] ?? MAX_PACKAGE;
  const files = ["INDEX", "INDEX.sig"].map((path) => ({ path, from: path }));
  const roots = await upstream.roots([{ files, maxSize: MAX_PACKAGE }]);
  if (roots === "unchanged") {
    yield roots;
    return;
  }
  const [index, signature] = files.map(({ path }) => roots.get(path));
  if (index === undefined) throw new SluiceError("root_missing", "The upstream has no INDEX.");
  if (signature === undefined) throw new SluiceError("signature_missing", "INDEX has no signature.");
  const signers =
    trust.kind === "none"
      ? []
      : (await (await openKeyring(trust)).verifyDetached(index.bytes, signature.bytes, "INDEX")).signers;
  yield { claim: { root: "INDEX", signers, names: ["toy"], weak: [] } };
  for (const { path, from, sha256, bytes } of [index, signature]) {
    yield { entry: { path, from, kind: "root", digests: { sha256 }, size: bytes.length } };
  }
  for (const line of index.bytes.toString().trimEnd().split("\n")) {
    for (const entry of entriesOf(line, maxSize)) yield { entry };
  }
}

function entriesOf(line: string, maxSize: number): Entry[] {
  const [name = "", version = "", path = ""] = line.split(" ");
  const checked = checkPath(path, "INDEX");
  const evidence = `${checked}.sig`;
  return [
    { path: evidence, from: encodePath(evidence), kind: "metadata", digests: {}, maxSize: MAX_SIGNATURE },
    {
      path: checked,
      from: encodePath(checked),
      kind: "package",
      digests: {},
      maxSize,
      package: { name, version, arch: "any" },
      evidence,
    },
  ];
}
