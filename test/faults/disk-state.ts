import { dirname } from "node:path";
import type { DiskStep } from "./disk-steps.ts";

/** Something that a run has made or changed, and since when no power cut can take it back; lines of the log. */
interface Change {
  readonly made: number;
  durable: number;
}

/** What a run has made of a disk so far, and how much of it would outlive a power cut. */
export interface DiskState {
  /** Applies the next step; steps come in the order in which they ended. */
  apply(step: DiskStep): void;
  /** Paths that the run has made, and that are still there. */
  made(): readonly string[];
  /** True where what the run did to it was durable before that line: the bytes, the name, and the names of the folders above it. */
  isDurable(path: string, line: number): boolean;
  /** The same, of the bytes alone. */
  isWritten(path: string, line: number): boolean;
  /** Where a symlink that the run has made leads. */
  targetOf(path: string): string | undefined;
}

/** What POSIX promises, and no more: fsync of a file makes its bytes durable, of a folder the names in it. */
export function diskState(): DiskState {
  const names = new Map<string, Change>();
  const nodes = new Map<string, number>();
  const bytes = new Map<number, Change>();
  const targets = new Map<string, string>();
  let count = 0;

  function nodeOf(path: string): number {
    const node = nodes.get(path) ?? count++;
    nodes.set(path, node);
    return node;
  }

  function below(path: string): string[] {
    return [...new Set([...names.keys(), ...nodes.keys(), ...targets.keys()])].filter((one) =>
      one.startsWith(`${path}/`),
    );
  }

  function name(path: string, { call }: DiskStep): void {
    names.set(path, { made: call.ended, durable: Infinity });
  }

  function forget(path: string): void {
    names.delete(path);
    nodes.delete(path);
    targets.delete(path);
  }

  function move(from: string, to: string): void {
    const [change, node, target] = [names.get(from), nodes.get(from), targets.get(from)];
    forget(from);
    forget(to);
    if (change !== undefined) names.set(to, change);
    if (node !== undefined) nodes.set(to, node);
    if (target !== undefined) targets.set(to, target);
  }

  // Covers what had ended when the sync began.
  function settle(change: Change | undefined, { call }: DiskStep): void {
    if (change !== undefined && change.made <= call.began && change.durable === Infinity)
      change.durable = call.ended;
  }

  return {
    apply(step) {
      const { path } = step;
      switch (step.kind) {
        case "create":
          if (!nodes.has(path)) name(path, step);
          nodeOf(path);
          break;
        case "write":
          bytes.set(nodeOf(path), { made: step.call.ended, durable: Infinity });
          break;
        case "mkdir":
          name(path, step);
          break;
        case "symlink":
          name(path, step);
          targets.set(path, step.to);
          break;
        case "link":
          nodes.set(path, nodeOf(step.from));
          name(path, step);
          break;
        case "rename":
          for (const inner of below(step.from)) move(inner, path + inner.slice(step.from.length));
          move(step.from, path);
          name(path, step);
          break;
        case "unlink":
        case "rmdir":
          forget(path);
          break;
        case "sync":
          settle(bytes.get(nodeOf(path)), step);
          for (const [one, change] of names) if (dirname(one) === path) settle(change, step);
          break;
        case "sync-all":
          for (const change of [...names.values(), ...bytes.values()]) settle(change, step);
      }
    },
    made: () => [...names.keys()],
    isDurable(path, line) {
      if ((bytes.get(nodes.get(path) ?? -1)?.durable ?? -1) >= line) return false;
      for (let at = path; at !== dirname(at); at = dirname(at))
        if ((names.get(at)?.durable ?? -1) >= line) return false;
      return true;
    },
    isWritten: (path, line) => (bytes.get(nodes.get(path) ?? -1)?.durable ?? -1) < line,
    targetOf: (path) => targets.get(path),
  };
}
