import { SluiceError } from "../../base/errors.ts";
import { inFolder, keyringOf } from "./roots.ts";
import type { ClientContext, ClientSetup } from "../contract.ts";
import { installScript } from "./install-script.ts";
import type { AptOptions } from "./options.ts";
import { preferences } from "./pins.ts";
import { readSuites, type Suite } from "./suites.ts";
import { absentTargets, languageOf } from "./targets.ts";

/**
 * What a host needs to use the mirror: a deb822 source (sources.list(5)) that asks for nothing that is not there, for a sparse mirror the pins that keep apt from
 * what was left out, and a script that writes both.
 */
export async function client(context: ClientContext<AptOptions>): Promise<ClientSetup> {
  const suites = await readSuites(context.snapshot, context.options, context.trust);
  if (suites === "unchanged")
    throw new SluiceError("internal", "A snapshot answered as if it were an upstream.");
  const notes: string[] = [];
  const source = {
    format: "deb822",
    path: `/etc/apt/sources.list.d/sluice-${context.mirror}.sources`,
    content: await sources(context, suites),
  };
  if (context.trust.kind === "none") {
    notes.push(
      "This mirror is trusted without keys (trust: none): its packages are installed without proof of origin.",
    );
  } else {
    notes.push(
      "The vendor's key stands in the file itself: this needs apt 2.3.10 or later (Debian 12, Ubuntu 22.04).",
    );
  }
  const files = [source];
  const pins = context.options.mode === "sparse" ? await preferences(context, suites) : undefined;
  if (pins !== undefined) {
    files.push({
      format: "preferences",
      path: `/etc/apt/preferences.d/sluice-${context.mirror}.pref`,
      content: pins.content,
    });
    notes.push(...pins.notes);
  }
  files.push({
    format: "script",
    path: `sluice-${context.mirror}.sh`,
    content: installScript(context.mirror, files),
  });
  return { files, notes };
}

// One stanza for all suites that have the same components.
async function sources(context: ClientContext<AptOptions>, suites: readonly Suite[]): Promise<string> {
  const trust = await trustLines(context);
  const groups = Map.groupBy(suites, ({ choice }) => choice.components.join(" "));
  const stanzas = [...groups].map(([components, group]) =>
    [
      `Types: ${context.options.sources === true ? "deb deb-src" : "deb"}`,
      `URIs: ${context.url}/`,
      `Suites: ${group.map(({ name }) => name).join(" ")}`,
      // A flat repository has none.
      ...(components === "" ? [] : [`Components: ${components}`]),
      `Architectures: ${architectures(context.options).join(" ")}`,
      ...languageLines(context, group),
      ...trust,
      "",
    ].join("\n"),
  );
  return `# ${context.mirror}, channel ${context.channel}, by Sluice\n${stanzas.join("\n")}`;
}

function architectures(options: AptOptions): string[] {
  const real = [...new Set(options.architectures)].filter((name) => name !== "all");
  return real.length > 0 ? real : ["all"];
}

// A translation that Release lists and that is not there fails an update, so that only those languages are named that are there whole.
function languageLines(context: ClientContext<AptOptions>, suites: readonly Suite[]): string[] {
  const here = new Map<string, boolean>();
  for (const { choice, folder } of suites) {
    for (const { kind, name, forms } of choice.indices) {
      if (kind !== "translation") continue;
      const language = languageOf(name);
      const has = forms.some((form) => context.has(inFolder(folder, form.path)));
      here.set(language, has && (here.get(language) ?? true));
    }
  }
  const languages = [...here].flatMap(([language, has]) => (has ? [language] : []));
  const absent = absentTargets(context, suites);
  return [
    `Languages: ${languages.join(" ") || "none"}`,
    ...(absent.length === 0 ? [] : [`Targets-Remove: ${absent.join(" ")}`]),
  ];
}

async function trustLines({ trust }: ClientContext<AptOptions>): Promise<string[]> {
  const keyring = await keyringOf(trust);
  if (keyring === undefined) return ["Trusted: yes"];
  const lines = keyring.armor().trimEnd().split("\n");
  return ["Signed-By:", ...lines.map((line) => ` ${line.trimEnd() === "" ? "." : line.trimEnd()}`)];
}
