import type { Command } from "commander";
import type { ContextOf } from "./program-gap.ts";

/** `sluice key …` */
export function addKeyCommands(program: Command, context: ContextOf): void {
  const group = program
    .command("key")
    .description("this site's identity, which signs its records, and the sites that it accepts");
  group
    .command("show")
    .description("print the fingerprint of this site's key, and the keys of others that are trusted")
    .action(async (_options, command: Command) => {
      const { show } = await import("./commands/key.ts");
      await show(context(command));
    });
  group
    .command("export")
    .description("print this site's public key, for others to trust")
    .action(async (_options, command: Command) => {
      const { exportKey } = await import("./commands/key.ts");
      await exportKey(context(command));
    });
  group
    .command("trust")
    .description("accept what another site sends; its fingerprint is shown first")
    .argument("<file>", "the public key of that site, as its `key export` prints it")
    .action(async (file: string, _options, command: Command) => {
      const { trust } = await import("./commands/key.ts");
      await trust(context(command), file);
    });
  group
    .command("rotate")
    .description("change to a new key, which the old one signs for; those who trust this site follow")
    .option("--why <text>", "a word for the log", "rotated by hand")
    .action(async (options: { why: string }, command: Command) => {
      const { rotate } = await import("./commands/key.ts");
      await rotate(context(command), options);
    });
  group
    .command("revoke")
    .description("no longer accept a key: one of this site's older ones, or another site's")
    .argument("<fingerprint>", "the key")
    .option("--why <text>", "a word for the log", "revoked by hand")
    .action(async (fingerprint: string, options: { why: string }, command: Command) => {
      const { revoke } = await import("./commands/key.ts");
      await revoke(context(command), fingerprint, options);
    });
}
