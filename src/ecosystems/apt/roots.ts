import { SluiceError } from "../../base/errors.ts";
import { encodePath } from "../../base/path.ts";
import { parseRfc2822 } from "../../formats/date.ts";
import { splitCleartext } from "../../trust/cleartext.ts";
import { openKeyring, sameText, signedAt, type Keyring } from "../../trust/openpgp.ts";
import type { Signer, Trust } from "../../trust/contract.ts";
import { flatFolder, isFlat } from "./options.ts";
import { Moved, type RootFile, type RootGroup, type RootSet } from "../../upstream/contract.ts";

/** What apt itself accepts at most (Acquire::MaxReleaseFileSize). */
const MAX_RELEASE_BYTES = 10_000_000;

/** The roots of one suite, proven: the text that was signed, and by whom. */
export interface SuiteRoots {
  readonly text: string;
  readonly signers: readonly Signer[];
  /** The files that a snapshot must hold. */
  readonly files: readonly RootFile[];
  /** What the operator should know of them. */
  readonly notes: readonly string[];
}

/** Where the Release of a suite lies, without a final slash; empty for a flat repository at the base itself. */
export function suiteFolder(suite: string): string {
  return isFlat(suite) ? flatFolder(suite) : `dists/${suite}`;
}

/** The path of a file in a suite's folder. */
export function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The files that only make sense together: InRelease first, since it is what apt asks first. */
export function rootGroup(suite: string): RootGroup {
  const files = ["InRelease", "Release", "Release.gpg"].map((name) => {
    const path = inFolder(suiteFolder(suite), name);
    return { path, from: encodePath(path) };
  });
  return { files, maxSize: MAX_RELEASE_BYTES };
}

/** Undefined where the mirror trusts nobody by key. */
export async function keyringOf(trust: Trust): Promise<Keyring | undefined> {
  return trust.kind === "none" ? undefined : openKeyring(trust);
}

/**
 * Proves the roots of a suite: InRelease, or Release with Release.gpg, or both, which must say the same. Without a keyring nothing is proven, but framing and
 * agreement are held. Throws `root_missing`, `signature_*`, `key_*`; Moved where the files may be of two generations.
 */
export async function proveRoots(
  suite: string,
  roots: RootSet,
  keyring: Keyring | undefined,
): Promise<SuiteRoots> {
  const folder = suiteFolder(suite);
  const [inReleasePath, releasePath] = [inFolder(folder, "InRelease"), inFolder(folder, "Release")];
  const inRelease = roots.get(inReleasePath);
  const release = roots.get(releasePath);
  const signature = roots.get(`${releasePath}.gpg`);
  if (inRelease === undefined && release === undefined) {
    throw new SluiceError(
      "root_missing",
      `The upstream has neither ${inReleasePath} nor ${releasePath}: check the URL of the upstream and the suite '${suite}'.`,
    );
  }
  const inline = inRelease && (await proveInline(inRelease, keyring));
  const detached = release && (await proveDetached(release, signature, inline !== undefined, keyring));
  const outdated = detached?.outdated === true;
  if (inline !== undefined && detached !== undefined && !sameText(inline.text, detached.text)) {
    throw new Moved(
      new SluiceError(
        "roots_disagree",
        `${inReleasePath} and ${releasePath} differ: the upstream is being updated, or one of them was altered.`,
      ),
    );
  }
  return {
    text: inline?.text ?? detached?.text ?? "",
    // Clients read InRelease where there is one: who signed it must still be good for them.
    signers: inline?.signers ?? detached?.signers ?? [],
    // A signature without the file that it signs proves nothing and is left behind.
    files: [inRelease, release, release && !outdated ? signature : undefined].filter(
      (file) => file !== undefined,
    ),
    notes: outdated ? [`${releasePath}.gpg is of an older state and left out`] : [],
  };
}

// Caches hand out a Release.gpg of last month beside files of today. What was signed so long before the Date of the text cannot be its signature, and is none
// that was tampered with. InRelease vouches for the text, and clients read that.
const OUTDATED_BY = 3_600_000;

async function isOutdated(signature: RootFile, text: string): Promise<boolean> {
  const date = parseRfc2822(/^Date: (.+)$/m.exec(text)?.[1] ?? "");
  const made = await signedAt(signature.bytes, signature.path);
  return date !== undefined && made !== undefined && made < date - OUTDATED_BY;
}

interface Proven {
  readonly text: string;
  readonly signers: readonly Signer[];
  /** The signature is of an older state, and InRelease stands in for it. */
  readonly outdated?: boolean;
}

async function proveInline(file: RootFile, keyring: Keyring | undefined): Promise<Proven> {
  if (keyring === undefined) return { text: splitCleartext(file.bytes, file.path).text, signers: [] };
  const { text, verification } = await keyring.verifyCleartext(file.bytes, file.path);
  return { text, signers: verification.signers };
}

async function proveDetached(
  release: RootFile,
  signature: RootFile | undefined,
  hasInline: boolean,
  keyring: Keyring | undefined,
): Promise<Proven> {
  const text = decode(release);
  if (keyring === undefined) return { text, signers: [] };
  if (signature === undefined) {
    // The same text is signed in InRelease; the caller holds the two against each other.
    if (hasInline) return { text, signers: [] };
    throw new SluiceError(
      "signature_missing",
      `${release.path} has no signature: there is neither ${release.path}.gpg nor an InRelease beside it.`,
    );
  }
  try {
    const { signers } = await keyring.verifyDetached(release.bytes, signature.bytes, release.path);
    // Good, but for nobody: apt takes an armoured one alone (apt-pkg/contrib/gpgv.cc).
    if (!hasInline && (signature.bytes[0] ?? 0) >= 0x80) {
      throw new SluiceError(
        "signature_missing",
        `${release.path}.gpg is a binary signature, which apt does not read, and there is no InRelease beside it: ask the vendor for one, or for an armoured signature.`,
      );
    }
    return { text, signers };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "signature_bad") throw error;
    if (hasInline && (await isOutdated(signature, text))) return { text, signers: [], outdated: true };
    // Release and its signature are two requests: between them the upstream may have moved.
    throw new Moved(error);
  }
}

function decode(file: RootFile): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(file.bytes);
  } catch (error) {
    throw new SluiceError("metadata_invalid", `${file.path} is not UTF-8 text.`, { cause: error });
  }
}
