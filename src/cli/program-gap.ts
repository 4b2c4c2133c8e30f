import type { Command } from "commander";
import { SluiceError } from "../base/errors.ts";
import type { ImportOptions } from "./commands/import.ts";
import type { Context } from "./context.ts";

export type ContextOf = (command: Command) => Context;

/** What carries snapshots from one site to another. */
export function addGapCommands(program: Command, context: ContextOf): void {
  program
    .command("export")
    .description("write snapshots to a medium, or as a bundle, for another site")
    .option(
      "--medium <folder>",
      "a folder on a file system with hard links and symlinks, such as ext4; clients may use it too",
    )
    .option("--to <folder>", "the folder of a bundle: plain files, for any file system and any one-way link")
    .option(
      "--part-size <size>",
      "no file of the bundle is larger: 4GiB (what FAT32 can hold) by default, 700MB, dvd",
    )
    .option("--site <name>", "whom the bundle is for: only what was not exported to them before goes in")
    .option("--base <n>", "take the last n bundles to them for lost, and bring what they brought too")
    .option("--full", "a bundle that stands alone")
    .option(
      "--with-sluice [archive...]",
      "Sluice itself too: these packages, else the archive beside the program",
    )
    .option("--channel <name...>", "only what these channels hold; all channels, if none is named")
    .option("--mirror <name...>", "only these mirrors")
    .option("--snapshot <mirror@id...>", "these snapshots, whether a channel holds them or not")
    .action(async (options, command: Command) => {
      const { exportTo } = await import("./commands/export.ts");
      await exportTo(context(command), options);
    });
  program
    .command("import")
    .description("take in what another site has exported; it is proven from the vendor's keys down")
    .argument(
      "<folder...>",
      "media and bundles, in any order; the parts of a bundle may lie in several of them",
    )
    .option("--dry-run", "only say what it would bring, and whether it is complete")
    .option("--check", "only read all of it to the last byte, and say what is missing or damaged")
    .option("--channel <name...>", "only these channels; all, if none is named")
    .option("--mirror <name...>", "only these mirrors, by their names at the sender")
    .option("--as <theirs=ours...>", "give a mirror another name here")
    .action(async (folders: string[], options: ImportOptions & { check?: true }, command: Command) => {
      const { check, ...others } = options;
      if (check === true) {
        if (Object.keys(others).length > 0)
          throw new SluiceError("usage", "--check imports nothing: give it alone.");
        const { checkFolders } = await import("./commands/import-check.ts");
        return checkFolders(context(command), folders);
      }
      const { importFolders } = await import("./commands/import.ts");
      await importFolders(context(command), folders, options);
    });
  program
    .command("pull")
    .description("take in what another site has, over HTTP; it is proven as an import is")
    .argument("[site...]", "names under `sites:` in the config, or URLs; all of the config, if none is given")
    .option("--dry-run", "only say what it would bring")
    .option("--channel <name...>", "only these channels; all, or those of the config, if none is named")
    .option("--mirror <name...>", "only these mirrors, by their names there")
    .option("--as <theirs=ours...>", "give a mirror another name here")
    .option(
      "--token-env <variable>",
      "environment variable that holds the token that the other site asks for",
    )
    .option("--token-file <file>", "file that holds it")
    .action(async (sites: string[], options, command: Command) => {
      const { pull } = await import("./commands/pull.ts");
      await pull(context(command), sites, options);
    });
}
