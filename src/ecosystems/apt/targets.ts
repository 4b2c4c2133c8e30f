import type { AptOptions } from "./options.ts";
import { inFolder } from "./roots.ts";
import type { Suite } from "./suites.ts";

/** What the snapshot has, and the options that it was made with. */
interface Held {
  readonly options: AptOptions;
  has(path: string): boolean;
}

type Names = (component: string, architecture: string) => string;

interface Target {
  /** As apt's configuration calls it, and as `Targets-Remove` takes it. */
  readonly name: string;
  /** Its MetaKey (doc/acquire-additional-files.md of apt), and its flatMetaKey. */
  readonly key: Names;
  readonly flatKey?: Names;
}

/** What apt-file, appstream and command-not-found make apt ask for: their files in /etc/apt/apt.conf.d. */
const TARGETS: readonly Target[] = [
  { name: "Contents-deb", key: (c, a) => `${c}/Contents-${a}`, flatKey: (_, a) => `Contents-${a}` },
  { name: "Contents-deb-legacy", key: (_, a) => `Contents-${a}` },
  {
    name: "Contents-udeb",
    key: (c, a) => `${c}/Contents-udeb-${a}`,
    flatKey: (_, a) => `Contents-udeb-${a}`,
  },
  { name: "Contents-dsc", key: (c) => `${c}/Contents-source`, flatKey: () => "Contents-source" },
  { name: "DEP-11", key: (c, a) => `${c}/dep11/Components-${a}.yml` },
  { name: "DEP-11-icons-small", key: (c) => `${c}/dep11/icons-48x48.tar` },
  { name: "DEP-11-icons", key: (c) => `${c}/dep11/icons-64x64.tar` },
  { name: "DEP-11-icons-hidpi", key: (c) => `${c}/dep11/icons-64x64@2.tar` },
  { name: "DEP-11-icons-large", key: (c) => `${c}/dep11/icons-128x128.tar` },
  { name: "DEP-11-icons-large-hidpi", key: (c) => `${c}/dep11/icons-128x128@2.tar` },
  { name: "CNF", key: (c, a) => `${c}/cnf/Commands-${a}` },
];

/**
 * The targets of apt that Release promises files for which the snapshot does not have: an update that asks for one of them fails, so that the source takes
 * them off (sources.list(5), `Targets-Remove`). apt passes over names that a host does not know.
 */
export function absentTargets(held: Held, suites: readonly Suite[]): string[] {
  const architectures = [...new Set([...held.options.architectures, "all"])];
  return TARGETS.filter((target) =>
    suites.some((suite) =>
      metaKeys(target, suite, architectures).some((key) => isListed(suite, key) && !isHere(held, suite, key)),
    ),
  ).map(({ name }) => name);
}

function metaKeys({ key, flatKey }: Target, suite: Suite, architectures: readonly string[]): string[] {
  if (suite.flat) return flatKey === undefined ? [] : architectures.map((name) => flatKey("", name));
  return suite.choice.components.flatMap((component) => architectures.map((name) => key(component, name)));
}

const ENDINGS = ["", ".xz", ".bz2", ".lzma", ".gz", ".lz4", ".zst"];

// apt does not ask for what is listed as empty.
function isListed({ release }: Suite, key: string): boolean {
  return (
    release.files.get(key)?.size !== 0 &&
    ENDINGS.some((ending) => (release.files.get(`${key}${ending}`)?.size ?? 0) > 0)
  );
}

function isHere(held: Held, { folder }: Suite, key: string): boolean {
  return ENDINGS.some((ending) => held.has(inFolder(folder, `${key}${ending}`)));
}

/** The language of a translation by the name of its index; in a flat repository that is all there is to the name. */
export function languageOf(name: string): string {
  return name.replace(/^.*\/Translation-/, "");
}
