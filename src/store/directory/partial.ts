import { createHash } from "node:crypto";
import fs from "node:fs";
import { entriesOf, isErrno, removeFile } from "./files.ts";
import type { Layout } from "./layout.ts";

/**
 * A partial download lies at tmp/partial/<hash of its key>, and at …<hash>.<session> while a session works on it:
 * one rename makes one owner, and what a killed session held is known by its marker.
 */
function freePath(at: Layout, resumeKey: string): string {
  return `${at.partial}/${createHash("sha256").update(resumeKey).digest("hex")}`;
}

export function ownedPath(at: Layout, resumeKey: string, session: string): string {
  return `${freePath(at, resumeKey)}.${session}`;
}

export function hasPartial(at: Layout, resumeKey: string): boolean {
  return fs.existsSync(freePath(at, resumeKey));
}

/** Makes the session the owner of what an earlier run left; false where there is nothing, or another was faster. */
export function claimPartial(at: Layout, resumeKey: string, session: string): boolean {
  try {
    fs.renameSync(freePath(at, resumeKey), ownedPath(at, resumeKey, session));
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** Leaves a partial for the next run; of two for one key the longer one stays. */
export function leavePartial(owned: string): void {
  const free = owned.slice(0, owned.lastIndexOf("."));
  const mine = fs.statSync(owned, { throwIfNoEntry: false })?.size ?? -1;
  const other = fs.statSync(free, { throwIfNoEntry: false })?.size ?? -1;
  if (mine <= 0 || mine < other) removeFile(owned);
  else fs.renameSync(owned, free);
}

/** The same for all that these dead sessions held. */
export function giveBackPartials(at: Layout, sessions: readonly string[]): void {
  for (const { name } of entriesOf(at.partial)) {
    const session = /^[0-9a-f]{64}\.([0-9a-f]{16})$/.exec(name)?.[1];
    if (session !== undefined && sessions.includes(session)) leavePartial(`${at.partial}/${name}`);
  }
}

export function isPartial(name: string): boolean {
  return /^[0-9a-f]{64}(\.[0-9a-f]{16})?$/.test(name);
}
