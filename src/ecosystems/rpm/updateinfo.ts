import { sanitize } from "../../base/errors.ts";
import { readXml, type XmlVisitor } from "../../formats/xml.ts";
import type { Trust } from "../../trust/contract.ts";
import type { PackageIdentity, Upstream } from "../../upstream/contract.ts";
import type { Advisory, CommonOptions } from "../contract.ts";
import { contentOf, dataEntry } from "./metadata.ts";
import type { RpmOptions } from "./options.ts";
import { readRepositories } from "./repositories.ts";
import { evr } from "./version.ts";

/** The advisories that updateinfo of each repository has, as they come. */
export async function* advisories(
  upstream: Upstream,
  options: RpmOptions & CommonOptions,
  trust: Trust,
): AsyncGenerator<Advisory> {
  const repositories = await readRepositories(upstream, options, trust);
  if (repositories === "unchanged") return;
  for (const repository of repositories) {
    for (const data of repository.repomd.data) {
      if (data.type !== "updateinfo") continue;
      const content = await contentOf(upstream, repository, data);
      for await (const batch of readUpdateinfo(content, dataEntry(repository, data).path)) yield* batch;
    }
  }
}

interface Draft {
  readonly kind: string;
  id: string;
  title: string;
  severity: string;
  readonly cves: string[];
  readonly packages: PackageIdentity[];
}

/** Reads updateinfo.xml, some advisories at a time. Throws `metadata_invalid`. */
export function readUpdateinfo(
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<readonly Advisory[]> {
  return readXml<Advisory>(source, what, visitor);
}

function visitor(emit: (advisory: Advisory) => void): XmlVisitor {
  let draft: Draft | undefined;
  return {
    open(path, attributes) {
      if (path.length === 2 && path[1] === "update") {
        draft = { kind: shown(attributes["type"]), id: "", title: "", severity: "", cves: [], packages: [] };
      }
      if (draft === undefined) return;
      const place = path.slice(2).join("/");
      const { id, type } = attributes;
      if (place === "references/reference" && type === "cve" && id !== undefined) draft.cves.push(shown(id));
      if (place === "pkglist/collection/package") draft.packages.push(packageOf(attributes));
    },
    close(path, text) {
      if (draft === undefined) return;
      if (path.length === 3) {
        if (path[2] === "id") draft.id = shown(text);
        if (path[2] === "title") draft.title = shown(text);
        if (path[2] === "severity") draft.severity = shown(text);
      }
      if (path.length === 2) {
        const { severity, cves, ...rest } = draft;
        emit({ ...rest, cves: [...new Set(cves)], ...(severity !== "" && { severity }) });
        draft = undefined;
      }
    },
  };
}

function packageOf({
  name = "",
  epoch = "0",
  version = "",
  release = "",
  arch = "",
}: Readonly<Record<string, string>>): PackageIdentity {
  return { name, version: evr(epoch === "" ? "0" : epoch, version, release), arch };
}

// Of a vendor's text, what fits on a line.
function shown(text = ""): string {
  return sanitize(text.trim().replaceAll(/\s+/g, " ")).slice(0, 300);
}
