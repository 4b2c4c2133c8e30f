import type { ClientContext } from "../contract.ts";
import type { Survey } from "./client-survey.ts";
import type { AptOptions } from "./options.ts";

/** Of the source in deb822. */
export const KEY_INSIDE =
  "The vendor's key stands in the file itself: this needs apt 2.3.10 or later (Debian 12, Ubuntu 22.04); for an older one there are the formats list and key.";

export interface NoteFacts {
  readonly until: number | undefined;
  readonly pinned: boolean;
  readonly refreshed: boolean;
  readonly frozen: boolean;
}

/** What the operator must know of a set-up that its files do not say. */
export function clientNotes(context: ClientContext<AptOptions>, found: Survey, facts: NoteFacts): string[] {
  const { wishes, url } = context;
  return [
    ...(found.keys === undefined
      ? [
          "This mirror is trusted without keys (trust: none): its packages are installed without proof of origin.",
        ]
      : []),
    ...(facts.pinned || context.options.mode === "sparse"
      ? sparseNotes(context, found, facts)
      : holeNotes(context, found)),
    ...validityNotes(found, facts),
    ...(wishes.fallback.length > 0
      ? [
          `What ${url} does not give comes from ${wishes.fallback.join(", ")}: while it is down, hosts see the newer state there, whatever was promoted.`,
        ]
      : []),
    ...(wishes.snapshot !== undefined
      ? [
          `Snapshot: needs apt 2.7 or later, the file of the format conf, and one update without that field; the script does all of it.`,
        ]
      : []),
  ];
}

function holeNotes({ wishes }: ClientContext<AptOptions>, { holes }: Survey): string[] {
  if (holes === 0) return [];
  const what = `No upstream had all that is listed: ${holes} ${holes === 1 ? "package is" : "packages are"} missing (allow-missing)`;
  return wishes.fallback.length > 0
    ? [`${what}; the fallback is asked for ${holes === 1 ? "it" : "them"}.`]
    : [`${what}; apt stops with a 404 where it would take one: see \`sluice show\`.`];
}

function sparseNotes(
  context: ClientContext<AptOptions>,
  { left }: Survey,
  { refreshed, frozen }: NoteFacts,
): string[] {
  const { wishes } = context;
  const names = left.reduce(
    (sum, { gone, versions }) => sum + new Set([...gone, ...versions.map(({ name }) => name)]).size,
    0,
  );
  const why =
    context.options.mode === "sparse"
      ? "This mirror is sparse"
      : "No upstream had all that is listed (allow-missing)";
  const [are, them] = names === 1 ? ["package is", "it"] : ["packages are", "them"];
  const what = `${why}: ${names} ${are} listed but not there`;
  if (wishes.fallback.length > 0)
    return [`${what}; ${names === 1 ? "it comes" : "they come"} from the fallback.`];
  const anonymous = left.some(({ release, gone }) => release === undefined && gone.length > 0);
  const renew = "new packages may be left out when the channel moves: set the host up again then";
  const means = wishes.exclude
    ? `; Exclude in the source keeps apt from ${them}, from apt 3.1 on.${frozen ? "" : ` It stays as it is, and ${renew}.`}`
    : `; the preferences file keeps apt from ${them}${refreshed ? ", and is fetched again before each update, from `sluice serve`" : ""}.`;
  return [
    what + means,
    ...(refreshed || frozen || wishes.exclude ? [] : [`Nothing fetches the pins again here, and ${renew}.`]),
    ...(anonymous && !wishes.exclude
      ? [
          "A suite has no Origin or Label that a pin can name: what it leaves out is pinned version by version, which hides the same version in other sources too.",
        ]
      : []),
  ];
}

function validityNotes({ suites }: Survey, { until }: NoteFacts): string[] {
  const timed = suites.filter(({ validUntil, date }) => validUntil !== undefined && date !== undefined);
  if (until === undefined || timed.length === 0) return [];
  const names = timed.map(({ name }) => name).join(", ");
  return [
    `The metadata of ${names} has an end of its own; hosts take what is there now until ${new Date(until).toISOString().slice(0, 10)} (Valid-Until-Min; --valid-for).`,
  ];
}
