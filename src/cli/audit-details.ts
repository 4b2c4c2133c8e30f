import { ownName } from "../store/refs.ts";
import { formatBytes, formatCount } from "./format.ts";

/** What a record says, in lines, for the kinds that people ask about: who holds what, and what went where. */
export function describeRecord(ref: string, body: unknown): string[] {
  const record = body as Partial<Fields>;
  const [kind] = ownName(ref).split("/");
  if (kind === "channels")
    return [
      ...Object.entries(record.mirrors ?? {}).map(([mirror, id]) => `${mirror}@${id}`),
      ...(record.expires === undefined ? [] : [`fresh until ${record.expires}`]),
    ];
  if (kind === "imports" || kind === "exports") return moved(record);
  if (kind === "keys") return [`${record.state} ${record.fingerprint}`];
  if (kind === "snapshots")
    return [
      `${amount(record)}, manifest ${record.manifest?.sha256}`,
      ...(record.origin === undefined ? [] : [`came from the site ${record.origin.site}`]),
    ];
  return [];
}

interface Fields {
  readonly mirrors: Readonly<Record<string, string>>;
  readonly expires: string;
  readonly state: string;
  readonly fingerprint: string;
  readonly manifest: { readonly sha256: string };
  readonly origin: { readonly site: string };
  readonly to: { readonly kind: string; readonly name: string };
  readonly from: { readonly kind: string; readonly name: string; readonly bundles?: readonly number[] };
  readonly bundle: { readonly number: number; readonly id: string };
  readonly channels: Readonly<Record<string, number>>;
  readonly snapshots: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly scan: {
    readonly command: readonly string[];
    readonly files: number;
    readonly refused: readonly {
      readonly mirror: string;
      readonly path: string;
      readonly exit: number | string;
    }[];
  };
}

function moved(record: Partial<Fields>): string[] {
  const { to, from, bundle, channels = {}, snapshots = [] } = record;
  const place = to ?? from;
  const numbers = bundle === undefined ? from?.bundles?.join(", ") : `${bundle.number}, ${bundle.id}`;
  return [
    `${to === undefined ? "from" : "to"} ${place?.kind} ${place?.name}`,
    ...(numbers === undefined ? [] : [`bundle ${numbers}`]),
    ...Object.entries(channels).map(([channel, version]) => `channel ${channel} #${version}`),
    ...snapshots,
    amount(record),
    ...(record.scan === undefined ? [] : scanned(record.scan)),
  ];
}

function scanned({ command, files, refused }: Fields["scan"]): string[] {
  return [
    `${command[0]} looked at ${formatCount(files, "file")} and refused ${refused.length}`,
    ...refused.map(({ mirror, path, exit }) => `refused (${exit}): ${mirror}: ${path}`),
  ];
}

function amount({ files = 0, bytes = 0 }: Partial<Fields>): string {
  return `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
}
