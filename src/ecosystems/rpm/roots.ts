import { SluiceError } from "../../base/errors.ts";
import { encodePath } from "../../base/path.ts";
import { WEAKNESSES, type Signer, type Trust } from "../../trust/contract.ts";
import { openKeyring, type Keyring } from "../../trust/openpgp.ts";
import { Moved, type RootFile, type RootGroup, type RootSet } from "../../upstream/contract.ts";
import { inFolder } from "./options.ts";

/** Real ones have some ten thousand bytes. */
const MAX_REPOMD_BYTES = 10_000_000;

/** The roots of one repository, proven. */
export interface RepositoryRoots {
  readonly repomd: RootFile;
  readonly signers: readonly Signer[];
  /** The files that a snapshot must hold. */
  readonly files: readonly RootFile[];
  /** What the operator should know of them. */
  readonly notes: readonly string[];
}

/** The files that only make sense together: repomd.xml first, since it is what clients ask first. */
export function rootGroup(folder: string): RootGroup {
  const files = ["repomd.xml", "repomd.xml.asc", "repomd.xml.key"].map((name) => {
    const path = inFolder(folder, `repodata/${name}`);
    return { path, from: encodePath(path) };
  });
  return { files, maxSize: MAX_REPOMD_BYTES };
}

/** By whom roots are proven: undefined where only packages are, or nothing is. */
export async function keyringOf(trust: Trust): Promise<Keyring | undefined> {
  return trust.kind === "none" || trust.scope === "packages" ? undefined : openKeyring(trust);
}

/**
 * Proves repomd.xml by its detached signature; without a keyring nothing is proven. Throws `root_missing`, `signature_*`, `key_*`; Moved where the two files
 * may be of two generations.
 */
export async function proveRoots(
  folder: string,
  roots: RootSet,
  keyring: Keyring | undefined,
): Promise<RepositoryRoots> {
  const path = inFolder(folder, "repodata/repomd.xml");
  const repomd = roots.get(path);
  const signature = roots.get(`${path}.asc`);
  const key = roots.get(`${path}.key`);
  if (repomd === undefined) {
    throw new SluiceError(
      "root_missing",
      `The upstream has no ${path}: check the URL of the upstream, and \`repositories\`.`,
    );
  }
  if (keyring === undefined) {
    return { repomd, signers: [], files: present(repomd, signature, key), notes: [] };
  }
  if (signature === undefined) {
    throw new SluiceError(
      "signature_missing",
      `${path} has no signature: there is no ${path}.asc beside it.`,
      {
        hint: "Where the vendor signs packages but not metadata (Fedora, RHEL and its kin), say `trust: packages`.",
      },
    );
  }
  const { signers } = await verify(keyring, repomd, signature);
  const isOurs = key === undefined || (await holdsOnly(key, keyring));
  return {
    repomd,
    signers,
    files: present(repomd, signature, isOurs ? key : undefined),
    notes: isOurs ? [] : [`${path}.key holds other keys than the mirror's keyring, and is left out`],
  };
}

async function verify(
  keyring: Keyring,
  repomd: RootFile,
  signature: RootFile,
): Promise<{ signers: readonly Signer[] }> {
  try {
    return await keyring.verifyDetached(repomd.bytes, signature.bytes, repomd.path);
  } catch (error) {
    // Two requests: between them the upstream may have moved.
    if (error instanceof SluiceError && error.code === "signature_bad") throw new Moved(error);
    throw error;
  }
}

// zypper offers to trust what is in it, and nothing signs it.
async function holdsOnly(key: RootFile, keyring: Keyring): Promise<boolean> {
  const trusted = new Set(keyring.certificates().map(({ fingerprint }) => fingerprint));
  try {
    const offered = await openKeyring({
      kind: "keys",
      files: [{ name: key.path, bytes: key.bytes }],
      pinned: [],
      allowWeak: WEAKNESSES,
    });
    return offered.certificates().every(({ fingerprint }) => trusted.has(fingerprint));
  } catch (error) {
    if (error instanceof SluiceError) return false;
    throw error;
  }
}

function present(...files: readonly (RootFile | undefined)[]): RootFile[] {
  return files.filter((file) => file !== undefined);
}
