import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createCleartextMessage, generateKey, sign } from "openpgp";
import { makePackage, type MadePackage } from "./deb.ts";

export interface MadeRepository {
  /** The second one is past its Valid-Until, as a suite is that nobody updates any more. */
  readonly suites: readonly [string, string];
  readonly packages: readonly MadePackage[];
  /** The public key that signs it, armoured. */
  readonly key: string;
  /** Every file, by its path. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** A small signed apt repository, made with a key that nobody keeps. */
export async function makeRepository(architecture: string): Promise<MadeRepository> {
  // Whole seconds, as in signatures, and a little back, so that no clock finds it in the future.
  const now = Math.floor(Date.now() / 1000) - 5;
  const packages = [
    makePackage("sluice-demo-hello", "1.0-1", "a package of the demo's own repository", now),
    makePackage("sluice-demo-data", "1:2.0~rc1-1", "a second one, with an epoch in its version", now),
    makePackage("sluice-demo-rest", "3.0-1", "one that the sparse mirror leaves out", now),
  ];
  const index = Buffer.from(packages.map(({ stanza }) => stanza).join("\n"));
  const indices = new Map([
    [`main/binary-${architecture}/Packages`, index],
    [`main/binary-${architecture}/Packages.gz`, gzipSync(index)],
  ]);
  const key = await generateKey({
    userIDs: [{ name: "Sluice demo", comment: "throwaway key", email: "demo@example.org" }],
    date: new Date((now - 2 * DAY) * 1000),
    format: "object",
  });
  const files = new Map<string, Buffer>(packages.map(({ path, bytes }) => [path, bytes]));
  const suites = ["demo", "demo-expired"] as const;
  for (const suite of suites) {
    const date = suite === "demo" ? now : now - DAY;
    const inRelease = await sign({
      message: await createCleartextMessage({ text: release(suite, architecture, indices, date) }),
      signingKeys: key.privateKey,
      date: new Date(date * 1000),
    });
    files.set(`dists/${suite}/InRelease`, Buffer.from(inRelease));
    for (const [path, bytes] of indices) files.set(`dists/${suite}/${path}`, bytes);
  }
  return { suites, packages, key: key.publicKey.armor(), files };
}

const DAY = 86_400;

function release(
  suite: string,
  architecture: string,
  indices: ReadonlyMap<string, Buffer>,
  seconds: number,
): string {
  return [
    "Origin: Sluice demo",
    "Label: Sluice demo",
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${releaseTime(seconds)}`,
    `Valid-Until: ${releaseTime(seconds + DAY / 2)}`,
    `Architectures: ${architecture}`,
    "Components: main",
    "SHA256:",
    ...[...indices].map(
      ([path, bytes]) => ` ${createHash("sha256").update(bytes).digest("hex")} ${bytes.length} ${path}`,
    ),
    "",
  ].join("\n");
}

function releaseTime(seconds: number): string {
  return new Date(seconds * 1000).toUTCString().replace("GMT", "UTC");
}

/** Serves the files on a free port of 127.0.0.1. */
export async function serveRepository(
  files: ReadonlyMap<string, Buffer>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const bytes = files.get(decodeURIComponent(request.url ?? "").slice(1));
    response.writeHead(bytes === undefined ? 404 : 200, { "Content-Length": bytes?.length ?? 0 });
    response.end(request.method === "HEAD" ? undefined : bytes);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
