import type { SurveyedSuite } from "./client-survey.ts";

/** Where the script keeps what it needs of a mirror, besides the files in apt's own folders. */
export function stateFolder(mirror: string): string {
  return `/etc/apt/sluice/${mirror}`;
}

/**
 * Configuration of apt for this mirror (apt.conf(5)): where its snapshots are, for `Snapshot:` and `apt --snapshot` (apt 2.7 or later; an older one passes over
 * it), and that pins are fetched before each update. Undefined where there is nothing to say.
 */
export function aptConf(
  title: string,
  suites: readonly SurveyedSuite[],
  urls: { readonly snapshots: string | undefined; readonly refresh: string | undefined },
): string | undefined {
  const lines = urls.snapshots === undefined ? [] : overrides(suites, urls.snapshots);
  if (urls.refresh !== undefined) {
    // Whatever happens, the update goes on.
    lines.push(`APT::Update::Pre-Invoke { "[ ! -r ${urls.refresh} ] || sh ${urls.refresh} || true"; };`);
  }
  return lines.length === 0 ? undefined : [`// ${title}`, ...lines, ""].join("\n");
}

/** Whether apt can be told where snapshots of the suite are: by a name that its Release gives. */
export function canNameSnapshots(suite: SurveyedSuite): boolean {
  return keyOf(suite) !== undefined;
}

// By the label, since apt's own defaults have one for that of Debian-Security, which comes before any origin (debmetaindex.cc, SnapshotServer).
function overrides(suites: readonly SurveyedSuite[], url: string): string[] {
  const keys = suites.map(keyOf).filter((key) => key !== undefined);
  return [...new Set(keys)].map((key) => `Acquire::Snapshots::URI::Override::${key} "${url}";`);
}

function keyOf({ label, origin }: SurveyedSuite): string | undefined {
  if (isKey(label)) return `Label::${encode(label)}`;
  return isKey(origin) ? `Origin::${encode(origin)}` : undefined;
}

// Two colons would be a level of the configuration.
function isKey(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9._+~@() -]{1,100}$/.test(text);
}

function encode(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._+~-]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}
