import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import type { Context, GlobalOptions } from "./context.ts";
import type { Io } from "./io.ts";
import { addAuditCommands } from "./program-audit.ts";
import { addGapCommands, type ContextOf } from "./program-gap.ts";
import { addMediumCommands } from "./program-medium.ts";
import { addKeyCommands } from "./program-key.ts";

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

  program
    .command("sync")
    .description("bring mirrors up to date with their upstreams")
    .argument("[mirror...]", "all mirrors, if none is named")
    .option("--plan", "only say what there is to fetch, and whether it fits")
    .option("--wait [seconds]", "wait for another sync of the same mirror, for ever or so long")
    .option("--allow-older", "take metadata that is older than the last snapshot's")
    .option("--allow-expired", "take metadata that is past its own expiry")
    .option("--allow-rename", "take a suite that calls itself by other names than in the last snapshot")
    .option("--allow-empty", "take it that a mirror of many packages has none any more")
    .action(async (mirrors: string[], options, command: Command) => {
      const { sync } = await import("./commands/sync.ts");
      await sync(context(command), mirrors, options);
    });

  program
    .command("list")
    .description("list mirrors, their snapshots and channels")
    .action(async (_options, command: Command) => {
      const { list } = await import("./commands/list.ts");
      await list(context(command));
    });

  program
    .command("show")
    .description("show one snapshot: where it comes from, who signed it, how old it is")
    .argument("<mirror[@x]>", "x is an id or a channel; `latest` if it is left out")
    .action(async (target: string, _options, command: Command) => {
      const { show } = await import("./commands/show.ts");
      await show(context(command), target);
    });

  program
    .command("diff")
    .description("compare the packages of two snapshots of a mirror")
    .argument("<mirror@a>", "the older one: an id or a channel")
    .argument("<mirror@b>", "the newer one")
    .option("--files", "compare files too")
    .action(async (from: string, to: string, options, command: Command) => {
      const { diff } = await import("./commands/diff.ts");
      await diff(context(command), from, to, options);
    });

  program
    .command("promote")
    .description("point a channel at the snapshots of another one, all mirrors in one step")
    .argument("<from>", "a channel, or MIRROR@X")
    .argument("<to>", "the channel to change; made if it is not there")
    .argument("[mirror...]", "all mirrors, if none is named")
    .action(async (from: string, to: string, mirrors: string[], _options, command: Command) => {
      const { promote } = await import("./commands/move.ts");
      await promote(context(command), from, to, mirrors);
    });

  program
    .command("rollback")
    .description("take a channel back to its state before the last change")
    .argument("<channel>", "the channel to change")
    .argument("[mirror...]", "all mirrors, if none is named")
    .action(async (channel: string, mirrors: string[], _options, command: Command) => {
      const { rollback } = await import("./commands/move.ts");
      await rollback(context(command), channel, mirrors);
    });

  program
    .command("verify")
    .description("prove snapshots from the trusted key down to the last byte, with no network")
    .argument("[mirror[@x]...]", "x is an id or a channel; all snapshots, if nothing is named")
    .action(async (targets: string[], _options, command: Command) => {
      const { verify } = await import("./commands/verify.ts");
      await verify(context(command), targets);
    });

  addSnapshotCommands(program, context);

  program
    .command("serve")
    .description("serve snapshots and channels over HTTP until Ctrl-C")
    .option("--listen <host:port>", "instead of the config's `listen`")
    .option("--workers <n>", "processes that answer requests, instead of the config's `workers`")
    .action(async (options, command: Command) => {
      const { serve } = await import("./commands/serve.ts");
      await serve(context(command), options);
    });

  program
    .command("client")
    .description("print what a client host needs, ready to paste or to pipe into sh")
    .argument("<mirror>", "the mirror")
    .option("--channel <channel>", "the channel that the client follows; `latest` if it is left out")
    .option("--url <url>", "the address of this site, instead of the config's `url`")
    .option(
      "--format <format>",
      "which of the files: deb822, list, key, conf, preferences, refresh or mirrors; or script, which sets all of it up",
    )
    .option("--valid-for <time>", "how long from now the metadata must be accepted, such as 90d")
    .option("--fallback <url...>", "the same repository elsewhere, for when this site does not answer")
    .option("--snapshot <id>", "stay at the newest snapshot that is not after this time, by apt's own means")
    .option("--exclude", "name what a sparse mirror leaves out in the source itself: apt 3.1 or later")
    .action(async (mirror: string, options, command: Command) => {
      const { client } = await import("./commands/client.ts");
      await client(context(command), mirror, options);
    });

  program
    .command("gc")
    .description("give up what `keep` does not hold, and delete what nothing reaches")
    .option("--dry-run", "only say what would go")
    .action(async (options, command: Command) => {
      const { gc } = await import("./commands/gc.ts");
      await gc(context(command), options);
    });

  addAuditCommands(program, context);
  addGapCommands(program, context);
  addMediumCommands(program, context);
  addKeyCommands(program, context);
  return program;
}

function addSnapshotCommands(program: Command, context: ContextOf): void {
  const snapshot = program.command("snapshot").description("pin, unpin or remove a snapshot");
  const target = "x is an id or a channel";
  snapshot
    .command("pin")
    .description("hold a snapshot, whatever `keep` says")
    .argument("<mirror@x>", target)
    .option("--why <text>", "a word for the log", "pinned by hand")
    .action(async (name: string, options, command: Command) => {
      const { pin } = await import("./commands/snapshot.ts");
      await pin(context(command), name, options);
    });
  snapshot
    .command("unpin")
    .description("leave a snapshot to `keep` again")
    .argument("<mirror@x>", target)
    .action(async (name: string, _options, command: Command) => {
      const { unpin } = await import("./commands/snapshot.ts");
      await unpin(context(command), name);
    });
  snapshot
    .command("remove")
    .description("give up a snapshot that no channel holds")
    .argument("<mirror@x>", target)
    .action(async (name: string, _options, command: Command) => {
      const { remove } = await import("./commands/snapshot.ts");
      await remove(context(command), name);
    });
}
