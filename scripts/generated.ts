import { commandsReference } from "./reference/commands.ts";
import { configReference, configSchema } from "./reference/config.ts";
import { errorsReference } from "./reference/errors.ts";
import { metricsReference } from "./reference/metrics.ts";

/** Every file that is made from the sources, by path. */
export function generatedFiles(): Readonly<Record<string, string>> {
  return {
    "docs/reference/commands.md": commandsReference(),
    "docs/reference/config.md": configReference(),
    "docs/reference/config.schema.json": configSchema(),
    "docs/reference/errors.md": errorsReference(),
    "docs/reference/metrics.md": metricsReference(),
  };
}
