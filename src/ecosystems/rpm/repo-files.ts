import { places, type RpmOptions } from "./options.ts";
import type { Survey } from "./survey.ts";

/** What the `.repo` files of a mirror say. */
export interface RepoRequest {
  readonly mirror: string;
  readonly channel: string;
  /** Base URLs without a final slash: the first is asked first. */
  readonly urls: readonly string[];
  readonly options: RpmOptions;
  readonly found: Survey;
  /** Path of the key on the host. */
  readonly key: string;
  /** Nothing at such an address ever changes. */
  readonly frozen: boolean;
}

/** The ids of the repositories on a host, one for each of the config's. */
export function repoIds(mirror: string, options: RpmOptions): string[] {
  return sections(mirror, options).map(({ id }) => id);
}

/** For `/etc/yum.repos.d` (dnf.conf(5), yum.conf(5)). */
export function dnfRepo(request: RepoRequest): string {
  return repoFile(request, (template) => {
    const left = request.found.left[template] ?? [];
    return [
      `metadata_expire=${request.frozen ? "never" : "1h"}`,
      ...(left.length > 0 ? [`excludepkgs=${left.join("\n  ")}`] : []),
    ];
  });
}

/** For `/etc/zypp/repos.d`. */
export function zypperRepo(request: RepoRequest): string {
  return repoFile(request, () => [
    "type=rpm-md",
    `autorefresh=${request.frozen ? 0 : 1}`,
    "priority=99",
    "keeppackages=0",
  ]);
}

function repoFile(request: RepoRequest, own: (template: string) => readonly string[]): string {
  const { mirror, channel, urls, options, found, key } = request;
  const bit = (flag: boolean): number => (flag ? 1 : 0);
  const blocks = sections(mirror, options).map(({ id, template }) =>
    [
      `[${id}]`,
      `name=${template === "" ? mirror : `${mirror} ${template}`} (${channel}, by Sluice)`,
      `baseurl=${urls.map((url) => (template === "" ? `${url}/` : `${url}/${template}/`)).join("\n  ")}`,
      "enabled=1",
      `gpgcheck=${bit(found.proof.packages)}`,
      `repo_gpgcheck=${bit(found.proof.metadata)}`,
      ...(found.keys === undefined ? [] : [`gpgkey=file://${key}`]),
      ...own(template),
      "",
    ].join("\n"),
  );
  return [`# ${mirror}, channel ${channel}, by Sluice`, ...blocks].join("\n");
}

function sections(mirror: string, options: RpmOptions): { id: string; template: string }[] {
  const templates = [...new Set(places(options).map(({ template }) => template))];
  const taken = new Set<string>();
  return templates.map((template) => {
    const words = template.replaceAll(/\$(?:releasever|basearch)/g, "").match(/[A-Za-z0-9._-]+/g) ?? [];
    let id = ["sluice", mirror, ...words].join("-");
    while (taken.has(id)) id += "_";
    taken.add(id);
    return { id, template };
  });
}
