import { strongest } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { ByteReader } from "../../formats/byte-reader.ts";
import { BadRpm, readRpm, type RpmHead } from "../../formats/rpm.ts";
import type { Trust } from "../../trust/contract.ts";
import { openKeyring, type Keyring } from "../../trust/openpgp.ts";
import type { Entry } from "../../upstream/contract.ts";
import { checkHeader, checkPayload, payloadDigest } from "./digests.ts";
import { identityOf, isSame, nevra } from "./identity.ts";
import type { RpmOptions } from "./options.ts";
import { fullSignatures, headerSignatures, prove, wholeOf } from "./signatures.ts";

/**
 * Proves a package by its own signature, as rpm does, and holds it to be the one that is listed; for all other files their digest is proof enough. Throws
 * `package_unsound`, `signature_*`, `key_*`, `weak_digest`.
 */
export async function check(
  entry: Entry,
  bytes: AsyncIterable<Uint8Array>,
  trust: Trust,
  _evidence: Uint8Array | undefined,
  { gpgcheck }: RpmOptions,
): Promise<void> {
  if (entry.kind !== "root" && strongest(entry.digests) === undefined) {
    throw new SluiceError(
      "weak_digest",
      `'${entry.path}' has no strong digest and nothing else proves it: refused.`,
    );
  }
  const isOff = trust.kind === "none" || (!gpgcheck && trust.scope !== "packages");
  if (entry.kind !== "package" || isOff) return;
  const input = new ByteReader(bytes);
  try {
    await checkPackage(entry, await readRpm(input), trust);
  } catch (error) {
    if (!(error instanceof BadRpm)) throw error;
    throw new SluiceError(
      "package_unsound",
      `'${entry.path}' is no sound package: ${error.message}; the upstream was altered or damaged.`,
      { cause: error },
    );
  } finally {
    await input.close();
  }
}

type Keys = Extract<Trust, { kind: "keys" }>;

async function checkPackage(entry: Entry, head: RpmHead, trust: Keys): Promise<void> {
  const own = identityOf(head.header);
  if (entry.package !== undefined && !isSame(entry.package, own))
    throw new BadRpm(`it is ${nevra(own)}, and listed as ${nevra(entry.package)}`);
  checkHeader(head);
  const keyring = await keyringOf(trust);
  const signatures = headerSignatures(head);
  const digest = payloadDigest(head);
  if (signatures.length > 0) await prove(keyring, head.header.raw, signatures, `'${entry.path}'`);
  if (digest !== undefined && signatures.length > 0) {
    await checkPayload(head, digest);
    return;
  }
  // Signed metadata vouches for the payload, by its digest of the whole file; else the package itself must.
  if (signatures.length > 0 && trust.scope !== "packages") return;
  const full = fullSignatures(head);
  const whole = await wholeOf(head);
  if (full.length === 0) throw unsigned(entry.path, signatures.length > 0);
  await prove(keyring, whole, full, `'${entry.path}'`);
}

function unsigned(path: string, hasHeader: boolean): SluiceError {
  return new SluiceError(
    "signature_missing",
    hasHeader
      ? `The signature of '${path}' does not reach its payload, and no signed metadata vouches for that: refused.`
      : `The package '${path}' is not signed: refused; say \`gpgcheck: false\` to take packages on the word of the metadata.`,
  );
}

// To read keys takes longer than to check a package.
const keyrings = new WeakMap<Keys, Promise<Keyring>>();

async function keyringOf(trust: Keys): Promise<Keyring> {
  const open = keyrings.get(trust) ?? openKeyring(trust);
  keyrings.set(trust, open);
  return open;
}
