import type { Config } from "../config/types.ts";
import type { Io } from "./io.ts";
import type { Output } from "./output.ts";

export interface GlobalOptions {
  readonly config?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly yes: boolean;
}

/** What every command is given. */
export interface Context {
  readonly options: GlobalOptions;
  readonly io: Io;
  readonly output: Output;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Makes the exit status 1 where the command itself has already said what failed. */
  fail(): void;
}

/** The config that the options and the environment name; its warnings are shown. */
export async function readConfig(context: Context): Promise<Config> {
  const { loadConfig } = await import("../config/load.ts");
  const config = await loadConfig(context.options.config, context.io.env);
  if (!context.options.quiet) for (const warning of config.warnings) context.output.warn(warning);
  return config;
}
