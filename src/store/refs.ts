import canonicalize from "canonicalize";
import { sha256 as hash } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { ReadStore, WriteStore } from "./contract.ts";

/** Whoever writes refs: the site's identity, and who acts through it (`root@host`). */
export interface Author {
  readonly fingerprint: string;
  readonly by: string;
  /** Armoured detached OpenPGP signature of the bytes, dated now or as given (ms). */
  sign(bytes: Uint8Array, at?: number): Promise<string>;
  /** The key of a site whose versions this one goes on from; undefined for a site that is not known. */
  readonly siteKey: FindKey;
}

/** Checks signatures of one site. */
export interface SiteKey {
  readonly fingerprint: string;
  /** From this time on (ms) its signatures do not count. */
  readonly revokedSince?: number | undefined;
  verify(bytes: Uint8Array, signature: string): Promise<boolean>;
}

/** What a version says; signed as RFC 8785 canonical JSON. `previous` is the SHA-256 of the version before it, file bytes and all. */
export interface RefPayload<B> {
  readonly format: 1;
  readonly ref: string;
  readonly version: number;
  readonly previous: string | null;
  readonly at: string;
  readonly by: string;
  readonly site: string;
  readonly why: string;
  readonly body: B;
}

interface Envelope<B> {
  readonly payload: RefPayload<B>;
  readonly signatures: readonly { readonly site: string; readonly signature: string }[];
}

/** One version as read; `sha256` is that of its bytes. */
export interface RefVersion<B> extends RefPayload<B> {
  readonly sha256: string;
}

/** Gives the key of that fingerprint, if it may sign the ref. */
export type FindKey = (fingerprint: string, ref: string) => Promise<SiteKey | undefined>;

const FOREIGN = /^sites\/[0-9A-F]{40}\//;

/** The name that a ref's versions say they are of: one that came from another site lies under that site's folder, its bytes unchanged. */
export function ownName(name: string): string {
  return name.replace(FOREIGN, "");
}

/** The highest version, or undefined where the ref does not exist. Signatures are checked by `checkRef`, not here. */
export async function latestRef<B>(store: ReadStore, name: string): Promise<RefVersion<B> | undefined> {
  const version = (await store.refVersions(name)).at(-1);
  return version === undefined ? undefined : readRef<B>(store, name, version);
}

/** One version; throws ref_corrupt where it is absent or is not what its name says. */
export async function readRef<B>(store: ReadStore, name: string, version: number): Promise<RefVersion<B>> {
  const { envelope, sha256 } = await readEnvelope<B>(store, name, version);
  return { ...envelope.payload, sha256 };
}

/** All versions, oldest first. */
export async function refHistory<B>(store: ReadStore, name: string): Promise<RefVersion<B>[]> {
  const versions = await store.refVersions(name);
  return Promise.all(versions.map((version) => readRef<B>(store, name, version)));
}

/**
 * Writes the next version. `after` is the version that the caller's decision rests on (undefined: there is none yet): where another process has written since,
 * ref_conflict is thrown and nothing changes. Where that version itself is not as it was signed, ref_corrupt: behind it the row could not be mended any more.
 */
export async function appendRef<B>(
  store: WriteStore,
  author: Author,
  name: string,
  after: RefVersion<unknown> | undefined,
  change: { body: B; why: string; at: number; also?: readonly Pick<Author, "fingerprint" | "sign">[] },
): Promise<RefVersion<B>> {
  const version = (after?.version ?? 0) + 1;
  if (after !== undefined) await assertSigned(store, after, author.siteKey);
  const payload: RefPayload<B> = {
    format: 1,
    ref: name,
    version,
    previous: after?.sha256 ?? null,
    at: new Date(change.at).toISOString(),
    by: author.by,
    site: author.fingerprint,
    why: change.why,
    body: change.body,
  };
  const signatures: { site: string; signature: string }[] = [];
  for (const { fingerprint, sign } of [author, ...(change.also ?? [])])
    signatures.push({ site: fingerprint, signature: await sign(signedBytes(payload)) });
  const envelope: Envelope<B> = { payload, signatures };
  const bytes = Buffer.from(`${JSON.stringify(envelope, null, 1)}\n`);
  if (!(await store.createRef(name, version, bytes))) {
    throw new SluiceError(
      "ref_conflict",
      `Another process has just changed '${name}': run the command again.`,
    );
  }
  return { ...payload, sha256: hash(bytes) };
}

/**
 * Checks a ref's whole row: numbers without a gap, each version naming the hash of the one before, each signed by the site that it names.
 * Returns one sentence for each fault; none means that it is sound.
 */
export async function checkRef(store: ReadStore, name: string, siteKey: FindKey): Promise<string[]> {
  const faults: string[] = [];
  let previous: string | null = null;
  let expected = 1;
  for (const version of await store.refVersions(name)) {
    const what = `refs/${name}/${version}.json`;
    if (version !== expected) faults.push(`${what}: version ${expected} is missing before it.`);
    expected = version + 1;
    try {
      const { envelope, sha256 } = await readEnvelope<unknown>(store, name, version);
      if (envelope.payload.previous !== previous)
        faults.push(`${what}: does not follow the version before it.`);
      previous = sha256;
      const { site } = envelope.payload;
      const fault = await signatureFault(envelope, site, async () => siteKey(site, name));
      if (fault !== undefined) faults.push(`${what}: ${fault}`);
    } catch (error) {
      previous = null;
      faults.push(error instanceof SluiceError ? error.message : `${what}: cannot be read.`);
    }
  }
  return faults;
}

/** True where this key signed the version too, besides the site that the version names. */
export async function isSignedBy(
  store: ReadStore,
  name: string,
  version: number,
  key: SiteKey,
): Promise<boolean> {
  const { envelope } = await readEnvelope<unknown>(store, name, version);
  return (await signatureFault(envelope, key.fingerprint, async () => key)) === undefined;
}

/** Holds that a version that was read is as its site signed it: what is to be written may rest on it. Throws ref_corrupt. */
export async function assertSigned(
  store: ReadStore,
  version: RefVersion<unknown>,
  siteKey: FindKey,
): Promise<void> {
  const { envelope, sha256 } = await readEnvelope<unknown>(store, version.ref, version.version);
  const fault = await signatureFault(envelope, version.site, async () => siteKey(version.site, version.ref));
  if (fault !== undefined || sha256 !== version.sha256) throw refDamaged(version);
}

/** The same of a whole row, oldest first: the newest is signed, and each names the hash of the one before it. */
export async function assertRow(
  store: ReadStore,
  row: readonly RefVersion<unknown>[],
  siteKey: FindKey,
): Promise<void> {
  const last = row.at(-1);
  if (last === undefined) return;
  await assertSigned(store, last, siteKey);
  for (let at = row.length - 1; at > 0; at--) {
    const [before, after] = [row[at - 1], row[at]];
    if (before !== undefined && after?.previous !== before.sha256) throw refDamaged(before);
  }
}

async function signatureFault(
  envelope: Envelope<unknown>,
  site: string,
  siteKey: () => Promise<SiteKey | undefined>,
): Promise<string | undefined> {
  const own = envelope.signatures.find((one) => one.site === site);
  if (own === undefined) return "is not signed by the site that it names.";
  const key = await siteKey();
  if (key === undefined) return `is signed by the unknown site ${site}.`;
  if (key.revokedSince !== undefined && key.revokedSince <= Date.parse(envelope.payload.at))
    return `is signed by the key ${site}, which had been revoked by then.`;
  const signed = signedBytesOf(envelope.payload);
  const good = signed !== undefined && (await key.verify(signed, own.signature));
  return good ? undefined : "its signature does not match: it was altered.";
}

async function readEnvelope<B>(
  store: ReadStore,
  name: string,
  version: number,
): Promise<{ envelope: Envelope<B>; sha256: string }> {
  const what = `refs/${name}/${version}.json`;
  const bytes = await store.readRef(name, version);
  if (bytes === undefined)
    throw new SluiceError("ref_corrupt", `${what} is missing: restore it from a backup.`);
  const envelope = parseEnvelope<B>(bytes);
  if (envelope?.payload.ref !== ownName(name) || envelope.payload.version !== version) {
    throw refDamaged({ ref: name, version });
  }
  return { envelope, sha256: hash(bytes) };
}

export function refDamaged({ ref, version }: Pick<RefVersion<unknown>, "ref" | "version">): SluiceError {
  return new SluiceError(
    "ref_corrupt",
    `refs/${ref}/${version}.json is damaged or was altered: restore it from a backup.`,
  );
}

function parseEnvelope<B>(bytes: Buffer): Envelope<B> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isEnvelope(value) ? (value as Envelope<B>) : undefined;
  } catch {
    return undefined;
  }
}

// All of the envelope; what its body holds is checked by those who read it.
function isEnvelope(value: unknown): boolean {
  if (!isMap(value) || !isMap(value["payload"]) || !Array.isArray(value["signatures"])) return false;
  const { format, ref, previous, at, by, site, why, body } = value["payload"];
  return (
    format === 1 &&
    [ref, previous ?? "", at, by, site, why].every((text) => typeof text === "string") &&
    isTime(String(at)) &&
    typeof body === "object" &&
    body !== null &&
    value["signatures"].every(
      (one) => isMap(one) && typeof one["site"] === "string" && typeof one["signature"] === "string",
    )
  );
}

// As appendRef writes it: there is no other way to write a time, so that they sort as texts.
function isTime(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

// Undefined for what nobody signed: half a character, or deeper than anything that was written, has no canonical form.
function signedBytesOf(payload: RefPayload<unknown>): Uint8Array | undefined {
  try {
    return signedBytes(payload);
  } catch {
    return undefined;
  }
}

function signedBytes(payload: RefPayload<unknown>): Uint8Array {
  return Buffer.from(canonicalize(payload) ?? "");
}
