import { SluiceError } from "../../base/errors.ts";
import { isSnapshotId } from "../../base/names.ts";
import type { ClientContext, ClientFile, ClientSetup } from "../contract.ts";
import { installScript } from "./install-script.ts";
import type { RpmOptions } from "./options.ts";
import { dnfRepo, repoIds, zypperRepo } from "./repo-files.ts";
import { survey, type Survey } from "./survey.ts";

/** What a host needs to use the mirror: a `.repo` file for dnf or zypper, the vendor's keys, and a script that sets up whichever of the two is there. */
export async function client(context: ClientContext<RpmOptions>): Promise<ClientSetup> {
  const { mirror, channel, url, wishes, options } = context;
  refuseWishes(context);
  const found = await context.facts(async (snapshot) => survey(snapshot, options));
  const paths = {
    dnf: `/etc/yum.repos.d/sluice-${mirror}.repo`,
    zypper: `/etc/zypp/repos.d/sluice-${mirror}.repo`,
    key: `/etc/pki/rpm-gpg/RPM-GPG-KEY-sluice-${mirror}`,
  };
  const request = {
    mirror,
    channel,
    urls: [url, ...wishes.fallback],
    options,
    found: wishes.fallback.length > 0 ? { ...found, left: {} } : found,
    key: paths.key,
    frozen: isSnapshotId(channel),
  };
  const keyNote = { note: `The file names the vendor's keys by ${paths.key}: they are the format key.` };
  const dnf: ClientFile = {
    format: "dnf",
    path: paths.dnf,
    content: dnfRepo(request),
    ...(found.keys && keyNote),
  };
  const zypper: ClientFile = {
    format: "zypper",
    path: paths.zypper,
    content: zypperRepo(request),
    ...(found.keys && keyNote),
  };
  const key: ClientFile[] =
    found.keys === undefined ? [] : [{ format: "key", path: paths.key, content: found.keys }];
  const script = installScript({ mirror, channel, ids: repoIds(mirror, options), dnf, zypper, key });
  return {
    files: [dnf, zypper, ...key, { format: "script", path: `sluice-${mirror}.sh`, content: script }],
    notes: notesOf(context, found),
  };
}

function refuseWishes({ mirror, wishes }: ClientContext<RpmOptions>): void {
  const refuse = (what: string): never => {
    throw new SluiceError("usage", `${what} is for apt, and '${mirror}' is of rpm: leave it out.`);
  };
  if (wishes.validForMs !== undefined) refuse("--valid-for");
  if (wishes.exclude) refuse("--exclude");
  if (wishes.snapshot !== undefined)
    throw new SluiceError(
      "usage",
      `--snapshot is for apt, and '${mirror}' is of rpm: take a snapshot's own address, --channel with its id.`,
    );
}

function notesOf({ url, wishes }: ClientContext<RpmOptions>, { left, keys, proof }: Survey): string[] {
  const missing = Object.values(left).reduce((sum, names) => sum + names.length, 0);
  const fallback = wishes.fallback.join(", ");
  return [
    ...(keys === undefined
      ? [
          "This mirror is trusted without keys (trust: none): its packages are installed without proof of origin.",
        ]
      : []),
    ...(keys !== undefined && !proof.metadata
      ? [
          "The vendor does not sign the metadata (trust: packages): hosts hold each package to its own signature.",
        ]
      : []),
    ...(missing > 0 && wishes.fallback.length === 0
      ? [
          `${missing} packages or versions are listed but not there: excludepkgs keeps dnf from them; set hosts up again where the channel moves. zypper has no such list.`,
        ]
      : []),
    ...(wishes.fallback.length > 0
      ? [
          `What ${url} does not give comes from ${fallback}: while it is down, hosts see the newer state there, whatever was promoted.`,
        ]
      : []),
  ];
}
