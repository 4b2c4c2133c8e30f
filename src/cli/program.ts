import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import type { Context, GlobalOptions } from "./context.ts";
import type { Io } from "./io.ts";

type MakeContext = (options: GlobalOptions) => Context;

/** All commands with their arguments and options; what runs them is loaded when one is called. */
export function buildProgram(io: Io, makeContext: MakeContext): Command {
  const program = new Command("sluice")
    .description(manifest.description)
    .version(manifest.version, "-V, --version", "print the version")
    .option("--config <file>", "the config file; else $SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml")
    .option("--json", "print JSON, one value a line", false)
    .option("--quiet", "no progress and no remarks", false)
    .option("--yes", "do not ask", false)
    .helpOption("-h, --help", "print help for the command")
    .helpCommand("help [command]", "print help for a command")
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      writeErr: (text) => void io.err.write(text),
      outputError: () => {},
    })
    .exitOverride();

  const context = (command: Command): Context => makeContext(command.optsWithGlobals<GlobalOptions>());

  program
    .command("init")
    .description("write a first config")
    .option("--from-apt", "take over the apt sources of this host")
    .option("--output <file>", "where to write it", "sluice.yaml")
    .option("--data <folder>", "the data folder to put into it")
    .action(async (options, command: Command) => {
      const { init } = await import("./commands/init.ts");
      await init(context(command), options);
    });

  return program;
}
