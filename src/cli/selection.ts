import { resolveId } from "../channel/channels.ts";
import { parseTarget } from "../channel/targets.ts";
import { SluiceError } from "../base/errors.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Selection } from "../transfer/cargo.ts";

/** The options by which a command says what is to travel. */
export interface SelectionOptions {
  readonly channel?: readonly string[];
  readonly mirror?: readonly string[];
  readonly snapshot?: readonly string[];
}

/** The selection that the options mean; `store` is where ids of `MIRROR@CHANNEL` are looked up. */
export async function selectionOf(store: ReadStore, options: SelectionOptions): Promise<Selection> {
  const snapshots: { mirror: string; id: string }[] = [];
  for (const target of options.snapshot ?? []) {
    const { mirror, x } = parseTarget(target);
    if (x === undefined)
      throw new SluiceError("usage", `--snapshot takes MIRROR@ID or MIRROR@CHANNEL, not '${target}'.`);
    snapshots.push({ mirror, id: await resolveId(store, mirror, x) });
  }
  return {
    channels: options.channel,
    mirrors: options.mirror,
    ...(options.snapshot !== undefined && { snapshots }),
  };
}

/** The number that `--keep` means; undefined where it is not given. Throws usage. */
export function keepOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new SluiceError("usage", `--keep takes a number of snapshots, 1 or more, not '${text}'.`);
}
