import { SluiceError } from "../base/errors.ts";
import type { Emit } from "../base/events.ts";
import type { Claim, Ecosystem } from "../ecosystems/contract.ts";
import type { SnapshotRecord } from "../snapshot/record.ts";
import type { Trust } from "../trust/contract.ts";
import type { Entry, Upstream } from "../upstream/contract.ts";
import { admit, type Admission } from "./admit.ts";

export interface Walked {
  readonly claims: readonly Claim[];
  /** By path; a path stands for one file. */
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface WalkContext {
  readonly mirror: string;
  readonly ecosystem: Ecosystem;
  readonly options: SnapshotRecord["options"];
  readonly trust: Trust;
  readonly admission: Admission;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** One walk over the live upstream: claims are admitted before anything that hangs on them is asked for. */
export async function walk(context: WalkContext, upstream: Upstream): Promise<Walked | "unchanged"> {
  const claims: Claim[] = [];
  const entries = new Map<string, Entry>();
  for await (const step of context.ecosystem.enumerate(upstream, context.options, context.trust)) {
    context.signal.throwIfAborted();
    if (step === "unchanged") return "unchanged";
    if ("claim" in step) {
      admit(step.claim, context.admission);
      claims.push(step.claim);
      announce(context, step.claim);
    } else if ("filtered" in step) {
      context.emit({ event: "filtered", mirror: context.mirror, ...step.filtered });
    } else {
      addEntry(entries, step.entry);
    }
  }
  return { claims, entries };
}

function announce(context: WalkContext, claim: Claim): void {
  const { emit, mirror } = context;
  const signers = claim.signers.map(({ fingerprint, userId }) => ({ fingerprint, userId }));
  emit({ event: "signers", mirror, root: claim.root, signers, weak: [...claim.weak] });
  emit({ event: "phase", mirror, phase: "metadata" });
}

function addEntry(entries: Map<string, Entry>, entry: Entry): void {
  const before = entries.get(entry.path);
  if (before === undefined) {
    entries.set(entry.path, entry);
    return;
  }
  const differs = Object.entries(entry.digests).some(([algorithm, hex]) => {
    const other = before.digests[algorithm as keyof typeof before.digests];
    return other !== undefined && other !== hex;
  });
  if (differs || before.size !== entry.size) {
    throw new SluiceError(
      "path_conflict",
      `The metadata lists '${entry.path}' twice with different content: refused.`,
    );
  }
}
