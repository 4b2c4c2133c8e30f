import type { Cargo } from "./contract.ts";

/** A sentence for each channel of the cargo that is past its expiry: nobody is kept from importing it. */
export function expiredChannels({ channels }: Cargo, now: number): string[] {
  return channels.flatMap(({ name, expires }) =>
    expires === undefined || Date.parse(expires) > now
      ? []
      : [
          `The sender's channel '${name}' expired on ${expires.slice(0, 10)}: there may be a newer export, or someone keeps it back.`,
        ],
  );
}
