import type { ErrorCode } from "./errors.ts";

export type Phase = "roots" | "metadata" | "plan" | "fetch" | "check" | "commit";

/** What happens during a run: one stream feeds the terminal, plain lines and `--json`. Sizes in bytes. */
export type SluiceEvent =
  | { event: "phase"; mirror: string; phase: Phase }
  | {
      event: "signers";
      mirror: string;
      root: string;
      signers: { fingerprint: string; userId: string }[];
      weak: string[];
    }
  | { event: "filtered"; mirror: string; listed: number; left: number; unmatched: readonly string[] }
  | {
      event: "plan";
      mirror: string;
      files: number;
      bytes: number;
      fetchFiles: number;
      fetchBytes: number;
      freeBytes: number;
    }
  | {
      event: "progress";
      mirror: string;
      files: number;
      totalFiles: number;
      bytes: number;
      totalBytes: number;
    }
  | { event: "restart"; mirror: string; attempt: number; reason: string }
  | { event: "retry"; url: string; attempt: number; waitMs: number; reason: string }
  | { event: "warning"; mirror?: string; code: ErrorCode | "notice"; message: string };

export type Emit = (event: SluiceEvent) => void;
