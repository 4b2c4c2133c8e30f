import { isDigest, type DigestAlgorithm } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";
import { checkPath } from "../../base/path.ts";
import { parseRfc2822 } from "../../formats/date.ts";
import { parseStanza } from "../../formats/deb822.ts";

/** A file as Release lists it: all digests of all lists, and the size in bytes. */
export interface Listed {
  readonly digests: { readonly [algorithm in DigestAlgorithm]?: string };
  readonly size: number;
}

/** What a Release file says (https://wiki.debian.org/DebianRepository/Format); times in milliseconds since 1970. */
export interface Release {
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  readonly origin: string | undefined;
  readonly label: string | undefined;
  /** The field as it stands, and its time where it can be read. */
  readonly dateText: string | undefined;
  readonly date: number | undefined;
  readonly validUntil: number | undefined;
  /** As the fields name them; undefined where the field is absent. */
  readonly components: readonly string[] | undefined;
  readonly architectures: readonly string[] | undefined;
  readonly byHash: boolean;
  /** True where the packages of `all` stand in the index of each architecture: nobody asks for binary-all. */
  readonly allInEach: boolean;
  /** The priority that apt gives to packages of this release: 500, 100 or 1. */
  readonly priority: number;
  /** Files by path, relative to the folder of the Release file; as it is written, since apt does not take `./main/…` for `main/…`. */
  readonly files: ReadonlyMap<string, Listed>;
  /** Fields that stand in it more than once: of each the last counts, as for apt. */
  readonly repeated: readonly string[];
}

const LISTS = [
  ["md5sum", "md5"],
  ["sha1", "sha1"],
  ["sha256", "sha256"],
  ["sha512", "sha512"],
] as const satisfies readonly (readonly [string, DigestAlgorithm])[];

/** Reads the text of a Release file, fields in any order. Throws `metadata_invalid` and `path_refused`; `what` names it. */
export function parseRelease(text: string, what: string): Release {
  const repeated = new Set<string>();
  const fields = parseStanza(text, what, (name) => repeated.add(name));
  const field = (name: string): string | undefined => fields.get(name)?.trim() || undefined;
  const dateText = field("date");
  const untilText = field("valid-until");
  const validUntil = untilText === undefined ? undefined : parseRfc2822(untilText);
  if (untilText !== undefined && validUntil === undefined) {
    throw new SluiceError(
      "metadata_invalid",
      `${what} has a Valid-Until that is not a date: '${untilText}'.`,
    );
  }
  return {
    suite: field("suite"),
    codename: field("codename"),
    origin: field("origin"),
    label: field("label"),
    dateText,
    date: dateText === undefined ? undefined : parseRfc2822(dateText),
    validUntil,
    components: names(field("components"), what),
    architectures: names(field("architectures"), what),
    byHash: isYes(field("acquire-by-hash")),
    allInEach: field("no-support-for-architecture-all")?.split(/\s+/).includes("Packages") ?? false,
    priority: isYes(field("notautomatic")) ? (isYes(field("butautomaticupgrades")) ? 100 : 1) : 500,
    files: readLists(fields, what),
    repeated: [...repeated],
  };
}

// They end up in the set-up of clients, so that only plain words may pass.
function names(text: string | undefined, what: string): string[] | undefined {
  const words = text?.split(/\s+/);
  const odd = words?.find((word) => !/^[A-Za-z0-9._+~@:=/-]{1,200}$/.test(word));
  if (odd === undefined) return words;
  throw new SluiceError(
    "metadata_invalid",
    `${what} has a component or architecture named '${odd.slice(0, 100)}'.`,
  );
}

// The words that apt takes for true.
function isYes(text: string | undefined): boolean {
  return text !== undefined && ["yes", "true", "with", "on", "enable", "1"].includes(text.toLowerCase());
}

function readLists(fields: ReadonlyMap<string, string>, what: string): Map<string, Listed> {
  const files = new Map<string, Listed>();
  for (const [name, algorithm] of LISTS) {
    for (const line of fields.get(name)?.split("\n") ?? []) {
      if (line.trim() !== "") addLine(files, algorithm, line, what);
    }
  }
  return files;
}

function addLine(files: Map<string, Listed>, algorithm: DigestAlgorithm, line: string, what: string): void {
  // A name with a space is none for apt either, which then takes the whole list for broken.
  const [digest = "", sizeText = "", name = "", more] = line.trim().split(/[ \t]+/);
  const hex = digest.toLowerCase();
  const size = Number(sizeText);
  if (
    !isDigest(algorithm, hex) ||
    !/^\d+$/.test(sizeText) ||
    !Number.isSafeInteger(size) ||
    more !== undefined
  ) {
    throw new SluiceError(
      "metadata_invalid",
      `${what} has a line that is not digest, size and path: '${line.slice(0, 300)}'.`,
    );
  }
  checkPath(name, what);
  const known = files.get(name);
  const old = known?.digests[algorithm];
  if ((known !== undefined && known.size !== size) || (old !== undefined && old !== hex)) {
    throw new SluiceError(
      "metadata_invalid",
      `${what} lists '${name}' twice, with different sizes or digests.`,
    );
  }
  files.set(name, { digests: { ...known?.digests, [algorithm]: hex }, size });
}
