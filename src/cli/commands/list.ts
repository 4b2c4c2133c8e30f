import { expiredNotice, type ChannelState } from "../../channel/expiry.ts";
import { listMirrors, type ListedMirror } from "../../channel/list.ts";
import type { MirrorConfig } from "../../config/types.ts";
import { readConfig, type Context } from "../context.ts";
import { formatAge, formatBytes, formatExpiry } from "../format.ts";
import { withReader } from "../site.ts";

/** `sluice list`: mirrors, snapshots, channels. */
export async function list(context: Context): Promise<void> {
  const config = await readConfig(context);
  const { mirrors, channels, damaged } = await withReader(context, config, async (store) =>
    listMirrors(store, config.mirrors.map(configured)),
  );
  context.output.json({ mirrors });
  for (const fault of damaged) context.output.warn(fault);
  if (damaged.length > 0) context.fail();
  const now = context.io.now();
  if (mirrors.length === 0) context.output.line(`No mirrors yet: add one to ${config.file}.`);
  else
    context.output.table(
      COLUMNS,
      mirrors.flatMap((mirror) => rows(mirror, now)),
    );
  if (channels.length === 0) return;
  context.output.line();
  context.output.table(
    CHANNEL_COLUMNS,
    channels.map((channel) => channelRow(channel, now)),
  );
  for (const channel of channels) {
    const notice = expiredNotice(channel, now);
    if (notice !== undefined) context.output.warn(notice);
  }
}

function configured({ name, ecosystem, options, trust }: MirrorConfig) {
  return { name, ecosystem: ecosystem.id, mode: options.mode, unverified: trust.kind === "none" };
}

const COLUMNS = [
  { title: "MIRROR" },
  { title: "ECOSYSTEM" },
  { title: "MODE" },
  { title: "SNAPSHOT" },
  { title: "AGE" },
  { title: "PACKAGES", align: "right" },
  { title: "SIZE", align: "right" },
  { title: "CHANNELS" },
  { title: "SIGNED BY" },
] as const;

const CHANNEL_COLUMNS = [
  { title: "CHANNEL" },
  { title: "VERSION", align: "right" },
  { title: "SET" },
  { title: "EXPIRES" },
] as const;

function channelRow({ channel, version, at, expires }: ChannelState, now: number): string[] {
  return [channel, String(version), formatAge(Date.parse(at), now), formatExpiry(expires, now)];
}

function rows(mirror: ListedMirror, now: number): string[][] {
  const { name, ecosystem, weak = [] } = mirror;
  const mode = `${mirror.mode}${mirror.configured === false ? ", not in the config" : ""}`;
  const remark = weak.length === 0 ? "" : ` [${weak.join(", ")}]`;
  if (mirror.snapshots.length === 0)
    return [[name, ecosystem, mode, "none yet", "", "", "", "", remark.trim()]];
  return mirror.snapshots.map((snapshot, at) => {
    const channels = Object.entries(mirror.channels).filter(([, id]) => id === snapshot.id);
    return [
      at === 0 ? name : "",
      at === 0 ? ecosystem : "",
      at === 0 ? mode : "",
      snapshot.id,
      formatAge(Date.parse(snapshot.created), now),
      `${snapshot.packages}${snapshot.holes === undefined ? "" : ` (${snapshot.holes} missing)`}`,
      formatBytes(snapshot.bytes),
      channels.map(([channel]) => channel).join(", "),
      `${snapshot.signedBy.map((fingerprint) => fingerprint.slice(-16)).join(", ")}${remark}`.trim(),
    ];
  });
}
