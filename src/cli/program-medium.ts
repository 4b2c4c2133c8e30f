import type { Command } from "commander";
import type { ContextOf } from "./program-gap.ts";

/** `sluice medium …` */
export function addMediumCommands(program: Command, context: ContextOf): void {
  const group = program.command("medium").description("look after media that `export --medium` wrote");
  group
    .command("status")
    .description("say what a medium holds, whose it is, and whether it is whole; writes nothing")
    .argument("<folder>", "the medium")
    .option("--verify", "read every byte of it")
    .action(async (folder: string, options, command: Command) => {
      const { status } = await import("./commands/medium.ts");
      await status(context(command), folder, options);
    });
  group
    .command("diff")
    .description("say what `export --medium` would bring to it; writes nothing")
    .argument("<folder>", "the medium")
    .option("--channel <name...>", "only what these channels hold; all channels, if none is named")
    .option("--mirror <name...>", "only these mirrors")
    .option("--snapshot <mirror@id...>", "these snapshots, whether a channel holds them or not")
    .action(async (folder: string, options, command: Command) => {
      const { diff } = await import("./commands/medium.ts");
      await diff(context(command), folder, options);
    });
  group
    .command("gc")
    .description("delete what nothing on a medium of this site needs, such as what a stopped export left")
    .argument("<folder>", "the medium")
    .option("--keep <n>", "give up all but the newest n snapshots of each mirror and those of its channels")
    .option("--dry-run", "only say what would go")
    .action(async (folder: string, options, command: Command) => {
      const { collect } = await import("./commands/medium.ts");
      await collect(context(command), folder, options);
    });
}
