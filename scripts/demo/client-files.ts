import type { ClientFile } from "./install.ts";
import type { Screen } from "./screen.ts";
import type { Sluice } from "./sluice.ts";

/** What `sluice client` says that a host needs for these mirrors. */
export async function clientFiles(
  screen: Screen,
  sluice: Sluice,
  mirrors: readonly string[],
  channel: string,
  url: string,
): Promise<ClientFile[]> {
  const files: ClientFile[] = [];
  for (const mirror of mirrors) {
    screen.command(`sluice client ${mirror} --channel ${channel} --url ${url}`);
    const setup = await sluice.json<{ files: (ClientFile & { format: string })[]; notes: string[] }>(
      "client",
      mirror,
      "--channel",
      channel,
      "--url",
      url,
    );
    for (const note of setup.notes) screen.text(note);
    files.push(...setup.files.filter(({ format }) => format === "deb822" || format === "preferences"));
  }
  return files;
}
