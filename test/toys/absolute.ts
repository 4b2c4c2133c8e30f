import { z } from "zod";
import { SluiceError } from "../../src/base/errors.ts";
import { checkPath } from "../../src/base/path.ts";
import type { Ecosystem, Step } from "../../src/ecosystems/contract.ts";
import { openKeyring } from "../../src/trust/openpgp.ts";
import type { Trust } from "../../src/trust/contract.ts";
import type { Upstream } from "../../src/upstream/contract.ts";

const document = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      url: z.url({ protocol: /^https?$/ }),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.number().int().positive(),
    }),
  ),
});

/** What `index.json` of the toy holds. */
export type AbsoluteIndex = z.input<typeof document>;

/** A toy whose metadata is JSON with absolute URLs, on a host that is not the upstream's: `index.json`, signed by `index.json.sig`. */
export const absolute: Ecosystem = {
  id: "absolute",
  options: z.object({}),
  enumerate,
  client: async ({ mirror, url }) => ({
    files: [{ format: "toy", path: `/etc/toy/${mirror}.json`, content: `${JSON.stringify({ url })}\n` }],
    notes: [],
  }),
  compareVersions: (a, b) => a.localeCompare(b, "en", { numeric: true }),
};

async function* enumerate(upstream: Upstream, _options: object, trust: Trust): AsyncGenerator<Step> {
  const files = ["index.json", "index.json.sig"].map((path) => ({ path, from: path }));
  const roots = await upstream.roots([{ files, maxSize: 1_000_000 }]);
  if (roots === "unchanged") {
    yield roots;
    return;
  }
  const [index, signature] = files.map(({ path }) => roots.get(path));
  if (index === undefined) throw new SluiceError("root_missing", "The upstream has no index.json.");
  if (signature === undefined) throw new SluiceError("signature_missing", "index.json has no signature.");
  const signers =
    trust.kind === "none"
      ? []
      : (await (await openKeyring(trust)).verifyDetached(index.bytes, signature.bytes, "index.json")).signers;
  yield { claim: { root: "index.json", signers, names: [], weak: [] } };
  for (const { path, from, sha256, bytes } of [index, signature]) {
    yield { entry: { path, from, kind: "root", digests: { sha256 }, size: bytes.length } };
  }
  for (const { name, version, url, sha256, size } of parse(index.bytes).packages) {
    // The host is part of the path: two hosts may have a file of one name.
    const { host, pathname } = new URL(url);
    const path = checkPath(`files/${host.replace(":", "_")}${pathname}`, "index.json");
    const identity = { name, version, arch: "any" };
    yield { entry: { path, from: url, kind: "package", digests: { sha256 }, size, package: identity } };
  }
}

function parse(bytes: Buffer): z.output<typeof document> {
  try {
    return document.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new SluiceError("metadata_invalid", "index.json is not what it should be.", { cause: error });
  }
}
