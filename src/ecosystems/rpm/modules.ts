import type { PackageRecord } from "./primary.ts";

const MAX_LINE = 4096;

/**
 * The packages that a modules.yaml lists as artifacts, `name-epoch:version-release.arch`. By the form of the lines alone: what is no artifact and looks like one
 * is given too, so that a filter keeps rather too much.
 */
export async function* moduleArtifacts(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const utf8 = new TextDecoder();
  for await (const chunk of source) {
    const lines = (rest + utf8.decode(chunk, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, MAX_LINE);
    for (const line of lines) yield* artifactIn(line);
  }
  yield* artifactIn(rest);
}

function* artifactIn(line: string): Generator<string> {
  if (line.length > MAX_LINE) return;
  const text = line.trim();
  if (!text.startsWith("- ")) return;
  const item = text
    .slice(2)
    .trim()
    .replace(/^(["'])(.*)\1$/, "$2");
  if (/^[^\s:]+-\d+:[^\s:]+$/.test(item)) yield item;
}

/** As modules write a package. */
export function nevraWithEpoch({
  name,
  version,
  arch,
}: Pick<PackageRecord, "name" | "version" | "arch">): string {
  return `${name}-${/^\d+:/.test(version) ? "" : "0:"}${version}.${arch}`;
}
