import { SluiceError } from "../../base/errors.ts";
import { collector, groupForms } from "./forms.ts";
import type { Choice } from "./index-choice.ts";
import { wantsLanguage, type AptOptions } from "./options.ts";
import type { Release } from "./release.ts";

/**
 * What of a flat repository the options ask for: its indices lie beside Release, under the names that apt and apt-file give as `flatMetaKey`. Throws
 * `not_offered`, `weak_digest`, `too_large`; `what` names the Release.
 */
export function chooseFlatIndices(release: Release, options: AptOptions, what: string): Choice {
  const listed = groupForms(release);
  if (!listed.has("Packages") && !(options.sources === true && listed.has("Sources"))) {
    throw new SluiceError(
      "not_offered",
      `${what} lists no Packages by that very name, so that apt would see nothing: if it is not that of a flat repository, take the final slash off the suite.`,
    );
  }
  const { indices, kinds, want } = collector(listed, what);
  want("packages", "", "Packages");
  if (options.sources === true) want("sources", "", "Sources");
  for (const name of listed.keys()) {
    // A translation is called by its language alone.
    if (/^[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?$/.test(name) && wantsLanguage(options, name))
      want("translation", "", name);
  }
  if (options.contents === true) {
    for (const architecture of new Set([...options.architectures, "all"]))
      want("target", "", `Contents-${architecture}`);
    if (options.sources === true) want("target", "", "Contents-source");
  }
  return { components: [], indices, kinds };
}
