import { SluiceError } from "../../base/errors.ts";
import { expiredNotice, type ChannelState } from "../../channel/expiry.ts";
import { readIdentityRow } from "../../channel/identity-row.ts";
import { openDirectoryReader } from "../../store/directory/open.ts";
import { trustedKeys } from "../../transfer/known-sites.ts";
import { isMedium, openMedium } from "../../transfer/medium-folder.ts";
import { mediumDiff, mediumState } from "../../transfer/medium-state.ts";
import { collectMedium } from "../../transfer/medium-trim.ts";
import { readConfig, type Context } from "../context.ts";
import { formatBytes, formatCount, formatExpiry, formatFingerprint } from "../format.ts";
import { keepOf, selectionOf, type SelectionOptions } from "../selection.ts";
import { withReader, withSite } from "../site.ts";

/** `sluice medium status FOLDER`: what a medium holds, whose it is, and whether it is whole. */
export async function status(context: Context, folder: string, options: { verify?: boolean }): Promise<void> {
  const config = await readConfig(context);
  const { output, signal } = context;
  await withMedium(folder, async (medium) => {
    const state = await mediumState(medium, folder, { deep: options.verify === true, signal });
    const whose = await withReader(context, config, async (store) => whoseIs(store, state.site));
    output.json({ ...state, whose });
    const site = state.site === null ? "nobody" : `the site ${formatFingerprint(state.site)}`;
    output.line(`${folder}: written by ${site}, ${WHOSE[whose]}`);
    const now = context.io.now();
    for (const channel of state.channels)
      output.line(
        `  ${channel.channel} #${channel.version}, fresh until ${formatExpiry(channel.expires, now)}`,
      );
    for (const { mirror, id, files, bytes, channels } of state.snapshots) {
      const held = channels.length === 0 ? "" : `  ${channels.join(", ")}`;
      output.line(`  ${mirror}@${id}  ${formatCount(files, "file")}, ${formatBytes(bytes)}${held}`);
    }
    output.line(
      `  ${formatCount(state.files, "file")}, ${formatBytes(state.bytes)}; ${formatBytes(state.freeBytes)} free`,
    );
    warnExpired(context, state.channels);
    for (const fault of state.faults) output.error(new SluiceError("medium_damaged", fault));
    if (state.faults.length > 0) context.fail();
    else
      output.line(
        options.verify === true
          ? "  every record and every byte is sound"
          : "  every record is sound, every file is there",
      );
  });
}

/** `sluice medium diff FOLDER`: what an export to it would bring. */
export async function diff(context: Context, folder: string, options: SelectionOptions): Promise<void> {
  const config = await readConfig(context);
  const { output } = context;
  await withMedium(folder, async (medium) => {
    const found = await withReader(context, config, async (store) => {
      const own = await readIdentityRow(store);
      const theirs = await readIdentityRow(medium);
      if (own === undefined || own.id !== theirs?.id)
        throw new SluiceError(
          "medium_unsuitable",
          `${folder} holds the store of another site: this one has nothing to bring to it.`,
        );
      return mediumDiff(store, medium, folder, await selectionOf(store, options));
    });
    output.json(found);
    for (const { channel, here, medium: there } of found.channels)
      if (here !== there) output.line(`${channel}: #${there ?? "none"} -> #${here}`);
    for (const name of found.coming) output.line(`+ ${name}`);
    for (const name of found.only) output.line(`  ${name} (on the medium only, or not selected)`);
    output.line(
      `${formatCount(found.files, "file")}, ${formatBytes(found.bytes)} to copy; ${formatBytes(found.freeBytes)} free`,
    );
    if (found.bytes > found.freeBytes)
      output.warn("That does not fit: take older snapshots from the medium with `--keep`.");
  });
}

/** `sluice medium gc FOLDER`: takes older snapshots from a medium, and the files that nothing there needs. */
export async function collect(
  context: Context,
  folder: string,
  options: { keep?: string; dryRun?: boolean },
): Promise<void> {
  const config = await readConfig(context);
  const { output } = context;
  if (!(await isMedium(folder))) throw noMedium(folder);
  const dryRun = options.dryRun === true;
  await withSite(context, config, async (site) => {
    const medium = await openMedium(folder, config.data);
    try {
      const done = await collectMedium(site, medium, folder, { keep: keepOf(options.keep), dryRun });
      output.json({ ...done, dryRun });
      for (const name of done.removed)
        output.line(`${name}: ${dryRun ? "would be taken" : "taken"} from the medium`);
      output.line(
        `${dryRun ? "Would free" : "Freed"} ${formatBytes(done.bytes)} in ${formatCount(done.files, "file")}`,
      );
    } finally {
      await medium.close();
    }
  });
}

async function withMedium(
  folder: string,
  action: (medium: Awaited<ReturnType<typeof openDirectoryReader>>) => Promise<void>,
): Promise<void> {
  if (!(await isMedium(folder))) throw noMedium(folder);
  const medium = await openDirectoryReader(folder, { isForeign: true });
  try {
    await action(medium);
  } finally {
    await medium.close();
  }
}

function noMedium(folder: string): SluiceError {
  return new SluiceError(
    "medium_unsuitable",
    `${folder} holds no medium: write one with \`sluice export --medium ${folder}\`.`,
  );
}

const WHOSE = {
  own: "which is this one",
  trusted: "which this one trusts",
  stranger: "which this one does not trust",
} as const;

async function whoseIs(
  store: Parameters<typeof readIdentityRow>[0],
  site: string | null,
): Promise<keyof typeof WHOSE> {
  if (site !== null && (await readIdentityRow(store))?.id === site) return "own";
  return site !== null && (await trustedKeys(store)).has(site) ? "trusted" : "stranger";
}

function warnExpired({ output, io }: Context, channels: readonly ChannelState[]): void {
  for (const channel of channels) {
    const notice = expiredNotice(channel, io.now());
    if (notice !== undefined) output.warn(notice);
  }
}
