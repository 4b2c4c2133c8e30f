import type { TargetKind } from "./target.ts";

const LONG = 200_000;

function kind(name: string, aims: string, long = LONG): TargetKind {
  const file = new URL(`targets/${name}.ts`, import.meta.url).href;
  return { name, file, aims: aims.split(" ").map((path) => `/src/${path}`), long };
}

/** Everything that reads what somebody else wrote. */
export const TARGETS: readonly TargetKind[] = [
  kind("path", "base/path.ts"),
  kind("names", "base/names.ts store/ref-names.ts channel/targets.ts"),
  kind("selection", "base/selection.ts"),
  kind("deb822", "formats/deb822"),
  kind("date", "formats/date.ts upstream/http/backoff.ts"),
  kind("decompress", "formats/", LONG / 10),
  kind("ustar", "formats/ustar.ts formats/byte-reader.ts"),
  kind(
    "release",
    "ecosystems/apt/release.ts ecosystems/apt/index-choice.ts ecosystems/apt/flat-choice.ts ecosystems/apt/forms.ts ecosystems/apt/components.ts ecosystems/apt/architectures.ts",
  ),
  kind("packages", "ecosystems/apt/packages.ts"),
  kind("sources", "ecosystems/apt/sources.ts"),
  kind("installer", "ecosystems/apt/installer.ts"),
  kind("version", "ecosystems/apt/version.ts"),
  kind("walk", "ecosystems/apt/", LONG / 10),
  kind("host-sources", "ecosystems/apt/from-host.ts ecosystems/apt/host- config/write.ts", LONG / 10),
  kind("repository", "ecosystems/apt/repository.ts ecosystems/apt/signed-by.ts"),
  kind("cleartext", "trust/cleartext.ts trust/armor-lines.ts trust/exact-armor.ts"),
  kind("in-release", "trust/", LONG / 10),
  kind("signature", "trust/signature-file.ts trust/judge.ts trust/packets.ts", LONG / 10),
  kind("keyring", "trust/key-files.ts trust/key-state.ts trust/keyring.ts trust/packets.ts", LONG / 40),
  kind("config", "config/", LONG / 10),
  kind("fields", "config/ cli/size.ts"),
  kind("manifest", "snapshot/manifest.ts serve/manifest-index.ts snapshot/diff.ts", LONG / 4),
  kind("manifest-index", "serve/manifest-index.ts", LONG / 4),
  kind(
    "records",
    "store/refs.ts snapshot/record-shape.ts snapshot/snapshots.ts channel/ transfer/cargo.ts transfer/names.ts",
    LONG / 10,
  ),
  kind("identity", "channel/identity-row.ts trust/identity.ts", LONG / 40),
  kind("bundle", "transfer/bundle/", LONG / 40),
  kind("site-store", "store/http/ transfer/load-ahead.ts", LONG / 10),
  kind("receipt", "transfer/receipt-text.ts base/base32.ts"),
  kind("audit-log", "transfer/audit-log.ts channel/audit.ts", LONG / 40),
  kind("notes", "serve/scrub-record.ts transfer/bundle/state.ts", LONG / 20),
  kind("range", "serve/range.ts serve/conditions.ts serve/multipart.ts"),
  kind("request", "serve/target.ts serve/setup.ts serve/log.ts serve/html.ts channel/wishes.ts"),
  kind(
    "answer",
    "upstream/http/answer.ts upstream/http/headers.ts upstream/http/backoff.ts upstream/body.ts",
    LONG / 4,
  ),
  kind(
    "location",
    "upstream/http/location.ts upstream/http/hosts.ts upstream/http/addresses.ts upstream/proxy.ts upstream/no-proxy.ts",
  ),
  kind("file-upstream", "upstream/file.ts upstream/open.ts", LONG / 20),
];
