import { armor, enums } from "openpgp";
import { SluiceError } from "../base/errors.ts";
import { splitCleartext } from "./cleartext.ts";
import type { Trust, Weakness } from "./contract.ts";
import { type Judges, judgeSignatures } from "./judge.ts";
import { readKeyFile } from "./key-files.ts";
import { type CertificateState, type KeyState, evaluate } from "./key-state.ts";
import type { CertificateInfo, Keyring } from "./openpgp.ts";
import { type Certificate, addKey, addRevocations, writePackets } from "./packets.ts";
import { type Pin, isPinned, parsePins } from "./pins.ts";
import { readSignatureFile, readSignatures } from "./signature-file.ts";

/** See openKeyring in openpgp.ts, which loads this file (and the library) only when it is needed. */
export async function readKeyring(trust: Extract<Trust, { kind: "keys" }>): Promise<Keyring> {
  const pins = parsePins(trust.pinned);
  const certificates = await readCertificates(trust, pins);
  const judges: Judges = { certificates, pins, allowWeak: trust.allowWeak };
  return {
    async verifyCleartext(bytes, what) {
      const { canonical, text, armor: armoredSignature } = splitCleartext(bytes, what);
      const signatures = await readSignatures({ armoredSignature }, what);
      return { text, verification: await judgeSignatures(judges, canonical, signatures, what) };
    },
    async verifyDetached(data, signature, what) {
      return judgeSignatures(judges, data, await readSignatureFile(signature, what), what);
    },
    certificates: () => certificates.map((certificate) => describe(certificate, pins)),
    armor: () => armoured(exportKeys(certificates, pins, trust.allowWeak).flat()),
    armors: () => exportKeys(certificates, pins, trust.allowWeak).map(armoured),
  };
}

async function readCertificates(
  trust: Extract<Trust, { kind: "keys" }>,
  pins: readonly Pin[],
): Promise<CertificateState[]> {
  const read = new Map<string, Certificate>();
  for (const file of trust.files) for (const key of await readKeyFile(file)) addKey(read, key);
  for (const file of trust.revocations ?? [])
    for (const key of await readKeyFile(file)) addRevocations(read, key);
  const names = trust.files.map(({ name }) => name).join(", ");
  if (read.size === 0)
    throw new SluiceError("keyring_empty", "The mirror has no keyring with a key in it: give it one.");
  const wanted = [...read.values()].filter(({ fingerprint, subkeys }) =>
    [fingerprint, ...subkeys.keys()].some((key) => isPinned(pins, fingerprint, key)),
  );
  if (wanted.length === 0)
    throw new SluiceError("keyring_empty", `No key of ${names} is among the fingerprints in signed-by.`);
  const states = await Promise.all(wanted.map((certificate) => evaluate(certificate)));
  const usable = states.filter((state) => state !== undefined);
  if (usable.length === 0)
    throw new SluiceError(
      "keyring_empty",
      `No key of ${names} has a valid self-signature: get the vendor's keyring again.`,
    );
  return usable;
}

type Packets = Parameters<typeof writePackets>[0];

function describe(certificate: CertificateState, pins: readonly Pin[]): CertificateInfo {
  const { primary, userId } = certificate;
  const signing = signingSubkeys(certificate, pins);
  return {
    fingerprint: primary.fingerprint,
    subkeys: signing.map(({ fingerprint }) => fingerprint),
    userId,
    ...(primary.expires === undefined ? {} : { expires: primary.expires }),
    weak: [...new Set<Weakness>([primary, ...signing].flatMap(({ weak }) => weak))],
  };
}

function signingSubkeys({ primary, subkeys }: CertificateState, pins: readonly Pin[]): KeyState[] {
  return subkeys.filter((key) => key.canSign && isPinned(pins, primary.fingerprint, key.fingerprint));
}

/**
 * Leaves out what a client must not trust: keys that are weak and not allowed to be, or revoked from the
 * beginning.
 */
function exportKeys(
  certificates: readonly CertificateState[],
  pins: readonly Pin[],
  allowWeak: readonly Weakness[],
): Packets[] {
  const isFit = (key: KeyState): boolean =>
    key.revoked !== 0 && key.weak.every((weakness) => allowWeak.includes(weakness));
  const packets = certificates
    .filter(({ primary }) => isFit(primary))
    .map((certificate) => {
      const subkeys = signingSubkeys(certificate, pins).filter(isFit);
      return [...certificate.primary.packets, ...subkeys.flatMap((key) => key.packets)];
    });
  if (packets.length === 0)
    throw new SluiceError("keyring_empty", "No key of the mirror's trust is fit to be given to clients.");
  return packets;
}

function armoured(packets: Packets): string {
  return armor(enums.armor.publicKey, writePackets(packets), undefined, undefined, undefined, true);
}
