import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { must } from "../../test/run.ts";

/** A mirror of the config, as `sluice init` writes it. */
export type MirrorEntry = Readonly<Record<string, unknown>>;

/** Small packages of every Debian and Ubuntu that depend on nothing and run no script, so that they install into an empty root. */
export const SMALL_PACKAGES: readonly string[] = [
  "distro-info-data",
  "publicsuffix",
  "media-types",
  "dns-root-data",
];

/** A look, not a crawl. */
const MOST_SUITES = 4;

export function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** As dpkg names it. */
export async function hostArchitecture(): Promise<string> {
  if (hasProgram("dpkg")) return (await must("dpkg", ["--print-architecture"])).trim();
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** The proxy that this host's apt is told to use, where no variable names one: Sluice reads variables alone. */
export async function aptProxy(): Promise<Record<string, string>> {
  const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
  if (names.some((name) => process.env[name])) return {};
  const said = await must("apt-config", ["shell", "proxy", "Acquire::http::Proxy"]);
  const proxy = /^proxy='(http:\/\/[^']+)'/m.exec(said)?.[1];
  return proxy === undefined ? {} : { http_proxy: proxy };
}

/**
 * Of the mirrors that `sluice init --from-apt` found, a few small ones: one for each suite of the distribution (of all, where none is), sparse, with
 * `main` and one architecture. `leftOut` says in words what is not among them.
 */
export function demoMirrors(
  found: Readonly<Record<string, MirrorEntry>>,
  architecture: string,
  codename: string,
): { mirrors: Record<string, MirrorEntry>; leftOut: string[] } {
  const all = Object.entries(found).flatMap(([name, entry]) => bySuite(name, entry));
  const usable = all.filter(
    ({ entry }) =>
      words(entry["components"]).includes("main") && words(entry["architectures"]).includes(architecture),
  );
  const own = usable.filter(({ suite }) => suite === codename || suite.startsWith(`${codename}-`));
  const taken = (own.length > 0 ? own : usable).slice(0, MOST_SUITES);
  const mirrors = taken.map(({ name, suite, entry }) => [name, small(entry, suite, architecture)] as const);
  return {
    mirrors: Object.fromEntries(mirrors),
    leftOut: all.filter((one) => !taken.includes(one)).map(({ name }) => name),
  };
}

function bySuite(name: string, entry: MirrorEntry): { name: string; suite: string; entry: MirrorEntry }[] {
  const suites = words(entry["suites"]);
  const [first = ""] = suites;
  const stem = name.endsWith(`-${first}`) ? name.slice(0, -first.length - 1) : name;
  return suites.map((suite) => ({
    name: suites.length === 1 ? name : `${stem}-${suite}`.replaceAll(/[^a-z0-9._-]+/g, "-"),
    suite,
    entry,
  }));
}

// One mirror for each suite, so that a suite that its vendor let expire takes no other with it.
function small(entry: MirrorEntry, suite: string, architecture: string): MirrorEntry {
  return {
    ecosystem: "apt",
    upstream: entry["upstream"],
    suites: [suite],
    components: ["main"],
    architectures: [architecture],
    languages: "none",
    keyring: entry["keyring"],
    ...(entry["signed-by"] === undefined ? {} : { "signed-by": entry["signed-by"] }),
    mode: "sparse",
    only: { packages: SMALL_PACKAGES },
    retries: 1,
    timeout: "20s",
  };
}

/** As in the names of its suites. */
export function hostCodename(): string {
  try {
    return /^VERSION_CODENAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
