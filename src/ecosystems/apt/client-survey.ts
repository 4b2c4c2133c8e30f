import { SluiceError } from "../../base/errors.ts";
import type { ClientSnapshot } from "../contract.ts";
import { lacksOf, type Lacks } from "./client-lacks.ts";
import type { AptOptions } from "./options.ts";
import { leftOut, type LeftOut } from "./pins.ts";
import { inFolder, keyringOf } from "./roots.ts";
import { readSuites, type Suite } from "./suites.ts";
import { absentTargets, languageOf } from "./targets.ts";

/** What clients must know of a suite. */
export interface SurveyedSuite {
  /** As the mirror names it, and as Release does. */
  readonly name: string;
  readonly origin: string | undefined;
  readonly label: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** Times of Release, in milliseconds since 1970. */
  readonly date: number | undefined;
  readonly validUntil: number | undefined;
  readonly types: readonly ("deb" | "deb-src")[];
  /** None in a flat repository. */
  readonly components: readonly string[];
  readonly lacks: Lacks;
  readonly languages: readonly string[];
  /** Targets of apt that Release lists files for which the snapshot does not have. */
  readonly absentTargets: readonly string[];
}

/** What a set-up needs of a snapshot: small, whatever the size of its indices. */
export interface Survey {
  readonly suites: readonly SurveyedSuite[];
  /** What the snapshot lacks of what its indices list. */
  readonly left: readonly LeftOut[];
  /** Packages that no upstream had. */
  readonly holes: number;
  /** The vendor's keys that may sign, armoured; undefined where nobody is trusted by key. */
  readonly keys: string | undefined;
}

/** Reads a snapshot for its clients. */
export async function survey(
  snapshot: ClientSnapshot,
  options: AptOptions & { readonly mode: string },
): Promise<Survey> {
  const suites = await readSuites(snapshot.files, options, snapshot.trust);
  if (suites === "unchanged")
    throw new SluiceError("internal", "A snapshot answered as if it were an upstream.");
  return {
    suites: suites.map((suite) => surveySuite(suite, options, snapshot)),
    left: options.mode === "sparse" || snapshot.holes > 0 ? await leftOut(snapshot, suites) : [],
    holes: snapshot.holes,
    keys: (await keyringOf(snapshot.trust))?.armor(),
  };
}

function surveySuite(suite: Suite, options: AptOptions, { has }: ClientSnapshot): SurveyedSuite {
  const { origin, label, codename, suite: archive, date, validUntil } = suite.release;
  const sources = options.sources === true && hasSources(suite);
  return {
    name: suite.name,
    origin,
    label,
    suite: archive,
    codename,
    date,
    validUntil,
    types: sources ? ["deb", "deb-src"] : ["deb"],
    components: suite.choice.components,
    lacks: lacksOf(suite, options),
    languages: languagesOf(suite, has),
    absentTargets: absentTargets({ options, has }, [suite]),
  };
}

// A translation that Release lists and that is not there fails an update, so that only those languages are named that are there whole.
function languagesOf({ choice, folder }: Suite, has: ClientSnapshot["has"]): string[] {
  const here = new Map<string, boolean>();
  for (const { kind, name, forms } of choice.indices) {
    if (kind !== "translation") continue;
    const language = languageOf(name);
    const found = forms.some((form) => has(inFolder(folder, form.path)));
    here.set(language, found && (here.get(language) ?? true));
  }
  return [...here].flatMap(([language, found]) => (found ? [language] : []));
}

// apt warns of a component whose Sources Release does not list.
function hasSources({ release, flat, choice }: Suite): boolean {
  const names = [...release.files.keys()];
  const folders = flat ? [""] : choice.components.map((component) => `${component}/source/`);
  return folders.every((folder) => names.some((name) => name.startsWith(`${folder}Sources`)));
}
