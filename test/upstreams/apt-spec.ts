import type { PackageSpec } from "./deb.ts";
import type { SigningKey } from "./gpg.ts";

export type Compression = "xz" | "gz" | "bz2" | "zst" | "lz4";
export type HashField = "MD5Sum" | "SHA1" | "SHA256" | "SHA512";
export type AptShape = "debian" | "ubuntu" | "security";

/** One state of an apt repository, as its makers would describe it. Times in milliseconds since 1970. */
export interface AptState {
  readonly shape: AptShape;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  readonly packages: readonly PackageSpec[];
  readonly signWith: readonly SigningKey[];
  readonly date: number;
  readonly validUntil: number | undefined;
  /** By-hash files, and where Release says so: with the other fields, or after the hash lists as Ubuntu does. */
  readonly byHash: "field" | "late field" | false;
  readonly compressions: readonly Compression[];
  /** The plain Packages: in Release but not on the server (as Debian does), or on the server too. apt needs it in Release. */
  readonly plain: "listed" | "shipped";
  readonly hashes: readonly HashField[];
  readonly inRelease: boolean;
  readonly releaseGpg: boolean;
  readonly translations: readonly string[];
  /** Descriptions in Packages whole (no Translation-en needed), or short with an md5. */
  readonly longDescriptions: boolean;
  /** A `Release` in each binary-ARCH folder. */
  readonly perArchRelease: boolean;
  /** True: binary-all holds the packages for all architectures a second time, as in Debian. */
  readonly binaryAll: boolean;
  readonly fields: (suite: string) => Readonly<Record<string, string>>;
  readonly edit: AptEdits;
}

/** What a hostile or odd upstream changes before it hashes and signs: its signatures are good. */
export interface AptEdits {
  readonly packages?:
    | ((text: string, at: { suite: string; component: string; arch: string }) => string)
    | undefined;
  /** On `dists/SUITE` with all indices in it, before the Release is made. */
  readonly folder?: ((path: string, suite: string) => Promise<void>) | undefined;
  readonly release?: ((text: string, suite: string) => string) | undefined;
}

export type AptChange = Partial<Omit<AptState, "shape">>;

const WEEK = 7 * 24 * 3600_000;

/** How each kind of vendor sets up an archive, before a test changes it. */
export function shapeDefaults(
  shape: AptShape,
  date: number,
): Omit<AptState, "signWith" | "packages" | "shape" | "date"> {
  const common = {
    components: ["main"],
    architectures: ["amd64"],
    compressions: ["xz", "gz"],
    inRelease: true,
    releaseGpg: true,
    translations: ["en"],
    longDescriptions: false,
    perArchRelease: true,
    edit: {},
    validUntil: undefined,
  } as const;
  switch (shape) {
    case "debian":
      return {
        ...common,
        suites: ["trixie"],
        architectures: ["amd64", "arm64"],
        byHash: "field",
        plain: "listed",
        hashes: ["MD5Sum", "SHA256"],
        binaryAll: true,
        fields: (suite) => ({
          Origin: "Debian",
          Label: "Debian",
          Suite: suite.replace("trixie", "stable"),
          Version: "13.1",
          Codename: suite,
        }),
      };
    case "ubuntu":
      return {
        ...common,
        suites: ["noble"],
        byHash: "late field",
        plain: "listed",
        hashes: ["MD5Sum", "SHA1", "SHA256"],
        binaryAll: false,
        fields: (suite) => ({
          Origin: "Ubuntu",
          Label: "Ubuntu",
          Suite: suite,
          Version: "24.04",
          Codename: suite.split("-")[0] ?? suite,
        }),
      };
    case "security":
      return {
        ...common,
        suites: ["trixie-security"],
        components: ["updates/main", "updates/contrib"],
        byHash: "field",
        plain: "listed",
        hashes: ["MD5Sum", "SHA256"],
        binaryAll: false,
        longDescriptions: true,
        translations: ["en"],
        validUntil: date + WEEK,
        fields: (suite) => ({
          Origin: "Debian",
          Label: "Debian-Security",
          Suite: suite.replace("trixie", "stable"),
          Version: "13",
          Codename: suite,
        }),
      };
  }
}
