import { SluiceError } from "../../base/errors.ts";
import type { Forms } from "./forms.ts";
import type { AptOptions } from "./options.ts";
import type { Release } from "./release.ts";

/** Components that the options ask for, as paths have them. Throws `not_offered`. */
export function chooseComponents(
  release: Release,
  options: AptOptions,
  listed: Forms,
  what: string,
): string[] {
  const offered = release.components ?? componentsOfPaths(listed);
  const asked = options.components ?? offered;
  const chosen = asked.map((name) => {
    // As apt does: `updates/main` and `main` are one, whichever of them config, Release and paths use.
    const match =
      offered.find((other) => other === name) ?? offered.find((other) => last(other) === last(name));
    if (match === undefined) {
      throw new SluiceError(
        "not_offered",
        `${what} does not offer the component '${name}': it offers ${offered.join(", ") || "none"}.`,
      );
    }
    return [name, match, last(match)].find((prefix) => hasBelow(listed, `${prefix}/`)) ?? last(match);
  });
  return [...new Set(chosen)];
}

function componentsOfPaths(listed: Forms): string[] {
  const found = new Set<string>();
  for (const name of listed.keys()) {
    const component = /^(.+)\/binary-[^/]+\/Packages$/.exec(name)?.[1];
    if (component === undefined || component.startsWith("./")) continue;
    if (last(component) !== "debian-installer") found.add(component);
  }
  return [...found];
}

/**
 * Holds that Release lists an index that is asked for, empty or not: of each component where they are asked for by name, of one of them where all are taken. apt
 * passes over a component without indices, and does not say a word. Throws `not_offered`.
 */
export function checkComponents(
  named: readonly string[],
  architectures: readonly string[],
  options: AptOptions,
  listed: Forms,
  what: string,
): void {
  const names = (component: string): string[] => [
    ...architectures.map((architecture) => `${component}/binary-${architecture}/Packages`),
    ...(options.sources === true ? [`${component}/source/Sources`] : []),
  ];
  const bare = named.filter((component) => !names(component).some((name) => listed.has(name)));
  if (options.components === undefined ? bare.length < named.length : bare.length === 0) return;
  const [missed = "main"] = bare;
  throw new SluiceError(
    "not_offered",
    `${what} lists no '${names(missed)[0]}', by that very name, so that apt would see nothing of the component '${missed}': check suite and \`components\`, or ask the vendor to list it.`,
  );
}

function hasBelow(listed: Forms, prefix: string): boolean {
  return listed.keys().some((name) => name.startsWith(prefix));
}

function last(component: string): string {
  return component.slice(component.lastIndexOf("/") + 1);
}
