import { SluiceError } from "../../base/errors.ts";
import { isSnapshotId } from "../../base/names.ts";
import type { ClientContext, ClientFile, ClientSetup } from "../contract.ts";
import { aptConf, canNameSnapshots, stateFolder } from "./client-conf.ts";
import { replacedBy } from "./client-names.ts";
import { clientNotes, KEY_INSIDE } from "./client-notes.ts";
import { refreshScript } from "./client-refresh.ts";
import { deb822Source, oneLineSource, stanzas } from "./client-source.ts";
import { survey } from "./client-survey.ts";
import { acceptUntil } from "./client-validity.ts";
import { installScript } from "./install-script.ts";
import type { AptOptions } from "./options.ts";
import { preferences } from "./pins.ts";

/**
 * What a host needs to use the mirror: a source (sources.list(5)) that asks for nothing that is not there, for a sparse mirror the pins that keep apt from
 * what was left out and what keeps them current, where the mirror's snapshots are, and a script that sets all of it up.
 */
export async function client(context: ClientContext<AptOptions>): Promise<ClientSetup> {
  const { mirror, channel, url, wishes, options } = context;
  const found = await context.facts(async (snapshot) => survey(snapshot, options));
  if (wishes.snapshot !== undefined && !found.suites.every(canNameSnapshots)) {
    throw new SluiceError(
      "usage",
      `The repository of the mirror '${mirror}' has neither Label nor Origin that apt could find its snapshots by: take a snapshot's own address, --channel with its id.`,
    );
  }
  const paths = pathsOf(mirror);
  const file = (format: keyof typeof paths, content: string): ClientFile => ({
    format,
    path: paths[format],
    content,
  });

  const title = `${mirror}, channel ${channel}, by Sluice`;
  const fallback = wishes.fallback.length > 0;
  // Nothing at such an address ever changes.
  const frozen = isSnapshotId(channel) || wishes.snapshot !== undefined;
  const until = acceptUntil(context, found);
  const list = stanzas(found, {
    uri: fallback ? `mirror+file:${paths.mirrors}` : `${url}/`,
    architectures: architectures(options),
    wishes,
    acceptUntil: until,
  });
  const fresh = !fallback && !frozen && context.setupUrl !== undefined;
  // Holes may be filled later: only pins that follow, or that stand for what never changes, may hide them.
  const pinned = !fallback && (options.mode === "sparse" || (found.holes > 0 && (fresh || frozen)));
  const refreshed = pinned && fresh;
  const conf = aptConf(title, found.suites, {
    snapshots: isSnapshotId(channel) || fallback ? undefined : snapshotsUrl(url),
    refresh: refreshed ? paths.refresh : undefined,
  });

  const source = {
    ...file("deb822", deb822Source(title, list, found.keys)),
    ...(found.keys !== undefined && { note: KEY_INSIDE }),
  };
  const oneLine = file("list", oneLineSource(title, list, found.keys === undefined ? undefined : paths.key));
  const key = found.keys === undefined ? [] : [file("key", found.keys)];
  // With somewhere else to turn to, nothing is left out.
  const left = pinned ? found.left : [];
  const pins = file("preferences", preferences(mirror, left, !wishes.exclude));
  const beside = [
    ...(conf === undefined ? [] : [file("conf", conf)]),
    ...(refreshed
      ? [
          file(
            "refresh",
            refreshScript(
              mirror,
              `${context.setupUrl}/preferences${wishes.exclude ? "?exclude" : ""}`,
              paths.preferences,
            ),
          ),
        ]
      : []),
    ...(fallback ? [file("mirrors", mirrorList(url, wishes.fallback))] : []),
  ];
  const script = installScript({
    mirror,
    channel,
    replaced: replacedBy(found.suites, [...context.upstream, url]),
    source,
    older: { source: oneLine, others: key },
    others: pinned ? [pins, ...beside] : beside,
    needs: [
      ...(wishes.exclude ? [{ version: "3.1.0", what: "Exclude" }] : []),
      ...(wishes.snapshot === undefined ? [] : [{ version: "2.7.0", what: "Snapshot" }]),
    ],
    own: Object.values(paths).filter((path) => path.startsWith("/")),
  });
  return {
    // Pins even where there are none: a host that was set up before goes on asking.
    files: [source, oneLine, ...key, pins, ...beside, file("script", script)],
    notes: clientNotes(context, found, { until, pinned, refreshed, frozen }),
  };
}

function pathsOf(mirror: string) {
  const state = stateFolder(mirror);
  return {
    deb822: `/etc/apt/sources.list.d/sluice-${mirror}.sources`,
    list: `/etc/apt/sources.list.d/sluice-${mirror}.list`,
    key: `/etc/apt/keyrings/sluice-${mirror}.asc`,
    preferences: `/etc/apt/preferences.d/sluice-${mirror}.pref`,
    conf: `/etc/apt/apt.conf.d/sluice-${mirror}.conf`,
    has: `${state}/has`,
    refresh: `${state}/refresh`,
    mirrors: `${state}/mirrors.list`,
    script: `sluice-${mirror}.sh`,
  };
}

function architectures(options: AptOptions): string[] {
  const real = [...new Set(options.architectures)].filter((name) => name !== "all");
  return real.length > 0 ? real : ["all"];
}

// apt-transport-mirror(1): what follows a tab is about the mirror; the lowest priority is asked first, another only for what it does not give.
function mirrorList(url: string, fallback: readonly string[]): string {
  return [url, ...fallback].map((base, at) => `${base}/\tpriority:${at + 1}\n`).join("");
}

// Of the mirror, whatever the channel; apt puts the id in.
function snapshotsUrl(url: string): string {
  return `${url.slice(0, url.lastIndexOf("/"))}/@SNAPSHOTID@/`;
}
