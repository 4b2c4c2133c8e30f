import { isSnapshotId } from "../../base/names.ts";
import type { ClientContext } from "../contract.ts";
import type { Survey } from "./client-survey.ts";
import type { AptOptions } from "./options.ts";

const DAY_MS = 86_400_000;
/** For a channel that is moved by hand: until then somebody has looked at it. */
const CHANNEL_MS = 90 * DAY_MS;
/** For a snapshot by its id, which says itself that it is old. */
const FROZEN_MS = 3650 * DAY_MS;

/**
 * Until when clients must accept the metadata, though its own Valid-Until may be over by then (`Valid-Until-Min`, which keeps the check); undefined where that is
 * the right measure: for `latest`, which each sync makes fresh, unless it is past it already.
 */
export function acceptUntil(
  context: Pick<ClientContext<AptOptions>, "channel" | "wishes" | "now">,
  { suites }: Survey,
): number | undefined {
  const { channel, wishes, now } = context;
  if (wishes.validForMs !== undefined) return now + wishes.validForMs;
  if (isSnapshotId(channel) || wishes.snapshot !== undefined) return now + FROZEN_MS;
  const over = suites.some(({ validUntil }) => validUntil !== undefined && validUntil <= now);
  return channel === "latest" && !over ? undefined : now + CHANNEL_MS;
}
