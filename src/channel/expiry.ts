import type { Channel } from "./channels.ts";
import type { Site } from "./site.ts";

/** How long a channel's version counts as fresh where the config does not say. */
export const CHANNEL_EXPIRY_MS = 30 * 86_400_000;

/** When a version that is written now expires, ISO: never later than a bound, which may be absent. */
export function expiryOf(
  { clock, channelExpiryMs }: Pick<Site, "clock" | "channelExpiryMs">,
  bound?: string,
): string {
  const own = new Date(clock() + channelExpiryMs).toISOString();
  return bound !== undefined && bound < own ? bound : own;
}

/** True where a version that would expire then should follow, though it changes nothing else: less than half of the time is left. */
export function isRenewalDue(
  { clock, channelExpiryMs }: Pick<Site, "clock" | "channelExpiryMs">,
  channel: Channel,
  expires: string,
): boolean {
  const left = Date.parse(channel.body.expires ?? "1970-01-01T00:00:00Z") - clock();
  return left < channelExpiryMs / 2 && expires > (channel.body.expires ?? "");
}

/** A channel as it is now. */
export interface ChannelState {
  readonly channel: string;
  readonly version: number;
  /** When this version was written, ISO. */
  readonly at: string;
  /** ISO; null for a version of a time when there was no expiry. */
  readonly expires: string | null;
}

export function stateOf({ body, version, at }: Channel): ChannelState {
  return { channel: body.channel, version, at, expires: body.expires ?? null };
}

/** A sentence for a channel that is past its expiry; undefined for one that is fresh. */
export function expiredNotice({ channel, expires }: ChannelState, now: number): string | undefined {
  if (expires === null || Date.parse(expires) > now) return undefined;
  return `The channel '${channel}' has not been renewed since it expired on ${expires.slice(0, 10)}: its content may be out of date; import a newer export, sync, or promote again.`;
}
