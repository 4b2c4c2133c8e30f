import { isPublicKeyBlock } from "../../trust/armor-lines.ts";
import type { HostMirrors } from "../contract.ts";
import { freeName } from "./host-names.ts";
import { isNo, readDeb822, readOneLine, words, type HostSource } from "./host-sources.ts";
import { aptOptions, checkAptOptions, isFlat } from "./options.ts";
import { readSignedBy } from "./signed-by.ts";

type ReadFile = (path: string) => Promise<Buffer | undefined>;
type ListFolder = (path: string) => Promise<string[]>;

const ETC = "/etc/apt";
const NODE_TO_DEBIAN: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  ia32: "i386",
  arm: "armhf",
  ppc64: "ppc64el",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
};

/** The mirrors that this host's own apt sources stand for. Sources that differ only in their suites become one mirror. */
export async function fromHost(readFile: ReadFile, listFolder: ListFolder): Promise<HostMirrors> {
  const skipped: string[] = [];
  const host: Host = {
    architectures: await hostArchitectures(readFile),
    keyrings: await commonKeyrings(readFile, listFolder),
    readFile,
  };
  const groups = new Map<string, Found>();
  for (const source of await hostSources(readFile, listFolder, (reason) => skipped.push(reason))) {
    const found = await toMirror(source, host);
    if (typeof found === "string") {
      skipped.push(`${source.where}: ${found}.`);
      continue;
    }
    const { suites, binaries, sources, where, ...rest } = found;
    const key = JSON.stringify(rest);
    const known = groups.get(key);
    groups.set(key, {
      ...rest,
      where,
      suites: [...new Set([...(known?.suites ?? []), ...suites])],
      binaries: binaries || known?.binaries === true,
      sources: sources || known?.sources === true,
    });
  }
  const mirrors: Record<string, Record<string, unknown>> = {};
  for (const found of groups.values()) {
    if (!found.binaries) {
      skipped.push(`${found.where}: it has source packages only, and ${twinFault(found, groups.values())}.`);
      continue;
    }
    mirrors[freeName(found.upstream, found.suites[0] ?? "", new Set(Object.keys(mirrors)))] = config(found);
  }
  return { mirrors, skipped };
}

/** Why the source of type deb that stands beside one of type deb-src is not its twin. */
function twinFault(found: Found, all: Iterable<Found>): string {
  const twin = [...all].find(
    ({ binaries, upstream, suites }) =>
      binaries && upstream === found.upstream && suites.some((suite) => found.suites.includes(suite)),
  );
  if (twin === undefined) return "the same source of type deb is not there";
  const differing = WORDS.flatMap(([field, word]) =>
    JSON.stringify(found[field]) === JSON.stringify(twin[field]) ? [] : [word],
  );
  return `the source of type deb, ${twin.where}, differs in ${[...new Set(differing)].join(" and ")}: make that the same in both`;
}

const WORDS = [
  ["components", "its components"],
  ["architectures", "`arch`"],
  ["languages", "`lang`"],
  ["keyrings", "`signed-by`"],
  ["signedBy", "`signed-by`"],
] as const;

interface Host {
  readonly architectures: readonly string[];
  /** Keyrings that count for every source without a Signed-By. */
  readonly keyrings: readonly string[];
  readonly readFile: ReadFile;
}

interface Found {
  readonly where: string;
  /** By the types of the source: `deb`, `deb-src`. */
  readonly binaries: boolean;
  readonly sources: boolean;
  readonly upstream: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  readonly languages: readonly string[] | undefined;
  readonly keyrings: readonly string[];
  readonly signedBy: readonly string[];
}

// Keys in the order in which a person would write them.
function config(found: Found): Record<string, unknown> {
  const { upstream, suites, components, architectures, languages, sources, keyrings, signedBy } = found;
  return {
    ecosystem: "apt",
    upstream,
    suites,
    // A flat repository has none.
    ...(components.length > 0 && { components }),
    architectures,
    ...(languages !== undefined && { languages }),
    ...(sources && { sources }),
    keyring: keyrings.length === 1 ? keyrings[0] : keyrings,
    ...(signedBy.length > 0 && { "signed-by": signedBy }),
  };
}

async function hostSources(
  readFile: ReadFile,
  listFolder: ListFolder,
  skip: (reason: string) => void,
): Promise<HostSource[]> {
  const folder = `${ETC}/sources.list.d`;
  // Other names are ignored by apt as well.
  const names = (await listFolder(folder)).filter((name) => /^[A-Za-z0-9_.-]+\.(list|sources)$/.test(name));
  const sources: HostSource[] = [];
  for (const file of [`${ETC}/sources.list`, ...names.toSorted().map((name) => `${folder}/${name}`)]) {
    const bytes = await readFile(file);
    if (bytes === undefined) continue;
    if (file.endsWith(".sources")) sources.push(...(await readDeb822(bytes, file, skip)));
    else sources.push(...readOneLine(bytes.toString(), file, skip));
  }
  return sources;
}

/** The mirror that a source stands for, or why it cannot be one. */
async function toMirror(source: HostSource, host: Host): Promise<Found | string> {
  const binaries = source.types.includes("deb");
  const sources = source.types.includes("deb-src");
  if (!binaries && !sources) return "it is neither of type deb nor deb-src";
  const upstream = baseUrl(source.uri);
  if (typeof upstream !== "string") return upstream.fault;
  const trusted = source.options.get("trusted");
  if (trusted !== undefined && !isNo(trusted))
    return "it is trusted without keys: add it by hand, with `trust: none`";
  const keys = await keysOf(source.options.get("signed-by"), host);
  if (typeof keys === "string") return keys;
  const languages = source.options.get("languages");
  const found: Found = {
    where: source.where,
    binaries,
    sources,
    upstream,
    suites: source.suites,
    components: source.components,
    architectures: architecturesOf(source, host),
    languages: languages === undefined ? undefined : words(languages).filter((word) => word !== "none"),
    ...keys,
  };
  const fault = selectionFault(found);
  return fault === undefined
    ? found
    : `its suites, components or architectures cannot be taken over: ${fault}`;
}

function selectionFault(found: Found): string | undefined {
  const { suites, components } = found;
  const variable = suites.find((suite) => suite.includes("$("));
  if (variable !== undefined) return `the suite '${variable.slice(0, 100)}' holds a variable`;
  if (components.length === 0 && !suites.every(isFlat)) return "it names no component";
  const parsed = aptOptions.safeParse({
    ...found,
    components: components.length > 0 ? components : undefined,
  });
  if (!parsed.success) return parsed.error.issues[0]?.message;
  return checkAptOptions({ ...parsed.data, mode: "verbatim" })[0]?.message;
}

function baseUrl(uri: string): string | { fault: string } {
  const scheme = /^[a-z0-9+.-]+(?=:)/i.exec(uri)?.[0].toLowerCase() ?? "";
  if (scheme === "cdrom") return { fault: "it is a CD-ROM" };
  if (!["http", "https", "file"].includes(scheme)) {
    return { fault: `its URL begins with '${scheme || uri.slice(0, 20)}', not with http, https or file` };
  }
  if (uri.includes("$(")) return { fault: "its URL holds a variable" };
  const url = URL.parse(uri);
  if (url === null) return { fault: "its URL cannot be understood" };
  if (url.username !== "" || url.password !== "") {
    return { fault: "its URL holds credentials: add it by hand, with `auth`" };
  }
  if (/[?#]/.test(uri)) return { fault: "its URL has a query or a fragment" };
  return url.href.replace(/\/+$/, "");
}

function architecturesOf(source: HostSource, host: Host): string[] {
  const list = (name: string): string[] => words(source.options.get(name) ?? "");
  const own = list("architectures");
  const all = [...(own.length > 0 ? own : host.architectures), ...list("architectures-add")];
  const removed = new Set(list("architectures-remove"));
  return [...new Set(all)].filter((name) => !removed.has(name));
}

// Without files in it, fingerprints are of keys in the host's own keyrings.
async function keysOf(
  signedBy: string | undefined,
  host: Host,
): Promise<{ keyrings: readonly string[]; signedBy: readonly string[] } | string> {
  if (signedBy === undefined || signedBy === "") return commonKeys(host, []);
  const read = readSignedBy(signedBy);
  if ("key" in read)
    return isPublicKeyBlock(read.key)
      ? { keyrings: [read.key], signedBy: [] }
      : "its Signed-By holds a key that is not whole";
  const { files, fingerprints } = read;
  if (files.length === 0) return commonKeys(host, fingerprints);
  for (const path of files) {
    if (!path.startsWith("/")) return `its Signed-By, '${path.slice(0, 100)}', is not a path`;
    if ((await host.readFile(path)) === undefined) return `its keyring, ${path}, cannot be read`;
  }
  return { keyrings: files, signedBy: fingerprints };
}

function commonKeys(
  host: Host,
  signedBy: readonly string[],
): { keyrings: readonly string[]; signedBy: readonly string[] } | string {
  if (host.keyrings.length === 0) return `it names no keyring, and ${ETC}/trusted.gpg.d holds none`;
  return { keyrings: host.keyrings, signedBy };
}

async function commonKeyrings(readFile: ReadFile, listFolder: ListFolder): Promise<string[]> {
  const folder = `${ETC}/trusted.gpg.d`;
  const names = (await listFolder(folder)).filter((name) => /^[A-Za-z0-9_.-]+\.(gpg|asc)$/.test(name));
  const files = [`${ETC}/trusted.gpg`, ...names.toSorted().map((name) => `${folder}/${name}`)];
  const there: string[] = [];
  for (const file of files) {
    const bytes = await readFile(file);
    if (bytes !== undefined && bytes.length > 0) there.push(file);
  }
  return there;
}

// dpkg keeps this list only where there is more than its own architecture.
async function hostArchitectures(readFile: ReadFile): Promise<string[]> {
  const listed = words((await readFile("/var/lib/dpkg/arch"))?.toString() ?? "");
  return listed.length > 0 ? listed : [NODE_TO_DEBIAN[process.arch] ?? process.arch];
}
