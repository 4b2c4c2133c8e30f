import { SluiceError } from "../../base/errors.ts";
import type { Forms } from "./forms.ts";
import type { AptOptions } from "./options.ts";
import type { Release } from "./release.ts";

/**
 * Architectures whose indices are asked for. `all` is added where apt asks for binary-all: the suite says that it has it, and not that each architecture's index
 * holds it too.
 */
export function architecturesOf(release: Release, options: AptOptions): string[] {
  const implied = asksForAll(release) ? ["all"] : [];
  return [...new Set([...options.architectures, ...implied])];
}

function asksForAll(release: Release): boolean {
  return offersAll(release) && !release.allInEach;
}

/** True where Release does not say that it has nothing for `all`. */
export function offersAll(release: Release): boolean {
  return release.architectures === undefined || release.architectures.includes("all");
}

// Of which these components have an index.
function architecturesListed(listed: Forms, components: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of listed.keys()) {
    const [, component = "", architecture] = /^(.+)\/binary-([^/]+)\/Packages$/.exec(name) ?? [];
    if (architecture !== undefined && components.includes(component)) found.add(architecture);
  }
  return found;
}

/** Throws `not_offered` where the components have nothing for it. */
export function checkArchitecture(
  name: string,
  release: Release,
  options: AptOptions,
  { listed, components }: { listed: Forms; components: readonly string[] },
  what: string,
): void {
  const offered = architecturesListed(listed, components);
  if (offered.has(name)) return;
  // The packages of `all` may as well stand in the index of each architecture.
  if (name === "all" && options.architectures.some((other) => other !== "all")) return;
  // And those of an architecture may all stand in binary-all: apt reads that alone without a word.
  const says = release.architectures?.includes(name) === true;
  const isAllAlone = release.architectures?.every((other) => other === "all") ?? offered.size === 1;
  if (offered.has("all") && asksForAll(release) && (says || isAllAlone)) return;
  const all = [...new Set([...(release.architectures ?? []), ...offered])];
  throw new SluiceError(
    "not_offered",
    says
      ? `${what} says that it has the architecture '${name}', but lists no '${components[0] ?? "main"}/binary-${name}/Packages', by that very name, so that apt would see none: take it out of \`architectures\`, or ask the vendor to list it.`
      : `${what} does not offer the architecture '${name}': it offers ${all.join(", ") || "none"}.`,
  );
}
