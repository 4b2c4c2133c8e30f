import type { Command } from "commander";
import type { ContextOf } from "./program-gap.ts";

const REF = "only refs that begin so, such as channels/stable";

/** `sluice audit …` */
export function addAuditCommands(program: Command, context: ContextOf): void {
  const group = program
    .command("audit")
    .description("tell who changed what, when and why, and check the log's hashes and signatures")
    .argument("[ref]", REF)
    .usage("[ref]")
    .action(async (ref: string | undefined, _options, command: Command) => {
      const { audit } = await import("./commands/audit.ts");
      await audit(context(command), ref);
    });
  group
    .command("show")
    .description("the same, with who signed each record and what it says")
    .argument("[ref]", REF)
    .action(async (ref: string | undefined, _options, command: Command) => {
      const { auditShow } = await import("./commands/audit.ts");
      await auditShow(context(command), ref);
    });
  group
    .command("verify")
    .description("only check the log: every record is there, follows the one before it, and is signed")
    .argument("[ref]", REF)
    .option("--file <file>", "a log that `audit export` wrote, in place of this site's")
    .option(
      "--key <file...>",
      "keys of sites to believe it by, in place of those that are trusted here; no config is needed then",
    )
    .action(async (ref: string | undefined, options, command: Command) => {
      const { auditVerify } = await import("./commands/audit.ts");
      await auditVerify(context(command), ref, options);
    });
  group
    .command("export")
    .description(
      "write the log as lines of JSON, each record as it was signed, for others to keep and to check",
    )
    .argument("[ref]", REF)
    .option("--output <file>", "a file, in place of stdout")
    .action(async (ref: string | undefined, options, command: Command) => {
      const { auditExport } = await import("./commands/audit.ts");
      await auditExport(context(command), ref, options);
    });
}
