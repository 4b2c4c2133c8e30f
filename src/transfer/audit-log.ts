import canonicalize from "canonicalize";
import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import { auditRefs, type Audit } from "../channel/audit.ts";
import {
  foreignSites,
  IDENTITY,
  readIdentityRow,
  siteFolder,
  type IdentityRow,
} from "../channel/identity-row.ts";
import type { Site } from "../channel/site.ts";
import type { ReadStore } from "../store/contract.ts";
import { ownName } from "../store/refs.ts";
import { decodeRefs, encodeRefs, recordsStore } from "./bundle/records.ts";

/** The last line of a log that was written out: what stands above it is all there was. */
interface Closing {
  readonly format: 1;
  readonly site: string;
  readonly at: string;
  readonly by: string;
  readonly records: number;
  /** Over all lines before this one. */
  readonly sha256: string;
}

/**
 * The records whose names begin with `prefix`, as lines of JSON (`{ref, version, text}`, each text as it was signed), with the keys of all sites that signed them; the last
 * line is signed by this site, so that one that is missing shows.
 */
export async function writeLog(site: Site, prefix: string): Promise<string> {
  const author = await site.author();
  const id = (await readIdentityRow(site.store))?.id ?? author.fingerprint;
  const beginning = prefix.replace(/\/+$/, "");
  const isWanted = (name: string): boolean =>
    beginning === "" || ownName(name) === IDENTITY || name === beginning || name.startsWith(`${beginning}/`);
  const refs = [];
  for (const name of await site.store.listRefs(""))
    if (isWanted(name)) refs.push({ name, versions: await site.store.refVersions(name) });
  const text = String(await encodeRefs(site.store, refs));
  const now = site.clock();
  const log: Closing = {
    format: 1,
    site: id,
    at: new Date(now).toISOString(),
    by: author.by,
    records: refs.reduce((sum, { versions }) => sum + versions.length, 0),
    sha256: sha256(text),
  };
  return `${text}${JSON.stringify({ log, signature: await author.sign(signedBytes(log), now) })}\n`;
}

export interface CheckedLog extends Audit {
  readonly site: string;
  readonly at: string;
  readonly records: number;
  /** Other sites whose records are in it, by the keys that it brings. */
  readonly others: readonly string[];
}

/** Proves a log that was written out, by nothing but keys that are trusted (fingerprints). Throws log_invalid; what is wrong with single records is a fault. */
export async function checkLog(text: string, trusted: ReadonlySet<string>): Promise<CheckedLog> {
  const at = text.lastIndexOf("\n", text.length - 2) + 1;
  const { log, signature } = closingOf(text.slice(at));
  const body = text.slice(0, at);
  if (sha256(body) !== log.sha256)
    throw invalid(
      "its lines are not those that its last one was signed for: it was altered, or is not whole",
    );
  const store = recordsStore(decodeRefs(Buffer.from(body), "The log"), new Map());
  const rows = await rowsOf(store);
  const own = rows.get("");
  if (own?.id !== log.site) throw invalid("it does not hold the keys of the site that wrote it");
  const isTrusted = [...own.keys].some(
    ([fingerprint, key]) => key.revokedSince === undefined && trusted.has(fingerprint),
  );
  if (!isTrusted)
    throw invalid(`it is of the site ${own.current}, whose key is not trusted: give its key file with --key`);
  const key = own.keys.get(own.current);
  const signed = signedBytesOf(log);
  if (key === undefined || signed === undefined || !(await key.verify(signed, signature)))
    throw invalid("its last line is not signed by the site that it is of");
  const audit = await auditRefs(store, "", async (fingerprint, ref) => {
    return rows.get(ref.slice(0, ref.length - ownName(ref).length))?.keys.get(fingerprint);
  });
  const others = [...rows].filter(([folder]) => folder !== "").map(([, row]) => row.id);
  return { ...audit, site: log.site, at: log.at, records: log.records, others };
}

async function rowsOf(store: ReadStore): Promise<Map<string, IdentityRow>> {
  const rows = new Map<string, IdentityRow>();
  for (const folder of ["", ...(await foreignSites(store)).map((id) => siteFolder(id))]) {
    const row = await readIdentityRow(store, folder);
    if (row !== undefined && (folder === "" || folder === siteFolder(row.id))) rows.set(folder, row);
  }
  return rows;
}

function closingOf(line: string): { log: Closing; signature: string } {
  try {
    const { log, signature } = JSON.parse(line) as { log?: Partial<Closing>; signature?: unknown };
    const isClosing =
      log?.format === 1 &&
      typeof log.site === "string" &&
      typeof log.sha256 === "string" &&
      typeof log.at === "string" &&
      typeof log.records === "number";
    if (isClosing && typeof signature === "string") return { log: log as Closing, signature };
  } catch {
    // Said below.
  }
  throw invalid("its last line is not that of a whole log");
}

// Undefined for what has no canonical form, and so was signed by nobody.
function signedBytesOf(log: Closing): Uint8Array | undefined {
  try {
    return signedBytes(log);
  } catch {
    return undefined;
  }
}

function signedBytes(log: Closing): Uint8Array {
  return Buffer.from(canonicalize(log) ?? "");
}

function invalid(why: string): SluiceError {
  return new SluiceError("log_invalid", `The log cannot be accepted, since ${why}.`);
}
