import { readFile } from "node:fs/promises";
import { SluiceError } from "../../base/errors.ts";
import { readIdentityRow } from "../../channel/identity-row.ts";
import { revokeOwnKey, rotateKey } from "../../channel/rotate.ts";
import { keyFiles } from "../../channel/key-files.ts";
import { decideKey, keyDecisions, revokeForeignKey } from "../../transfer/known-sites.ts";
import { openSiteKey } from "../../trust/identity.ts";
import { readConfig, type Context } from "../context.ts";
import { formatFingerprint } from "../format.ts";
import { confirmTrust } from "../prompt.ts";
import { withSite } from "../site.ts";

/** `sluice key show`: this site's identity, made here if it is not there yet, and the keys of others that it has decided on. */
export async function show(context: Context): Promise<void> {
  const config = await readConfig(context);
  const { output } = context;
  await withSite(context, config, async (site) => {
    const { fingerprint } = await site.author();
    const row = await readIdentityRow(site.store);
    const decisions = [...(await keyDecisions(site.store)).values()];
    const others = decisions.map((one) => ({ fingerprint: one.fingerprint, state: one.state }));
    const publicKey = row?.records.at(-1)?.key ?? "";
    output.json({ fingerprint, site: row?.id ?? fingerprint, publicKey, others });
    output.line(formatFingerprint(fingerprint));
    if (row !== undefined && row.id !== fingerprint) output.line(`site ${formatFingerprint(row.id)}`);
    for (const other of others) output.line(`${other.state} ${formatFingerprint(other.fingerprint)}`);
  });
}

/** `sluice key export`: the public key, armoured. */
export async function exportKey(context: Context): Promise<void> {
  const config = await readConfig(context);
  await withSite(context, config, async (site) => {
    const { fingerprint } = await site.author();
    const publicKey = (await readIdentityRow(site.store))?.records.at(-1)?.key ?? "";
    context.output.json({ fingerprint, publicKey });
    context.output.line(publicKey.trimEnd());
  });
}

/** `sluice key trust FILE`: accepts what the site of that key sends. */
export async function trust(context: Context, file: string): Promise<void> {
  const config = await readConfig(context);
  const armoured = await readKeyFile(file);
  const { fingerprint } = await openSiteKey(armoured);
  const { output } = context;
  const question = `From now on, what the site with this key sends can be imported here:\n${formatFingerprint(fingerprint)}\nCompare it with what \`sluice key show\` says there.`;
  if (!(await confirmTrust(context, question)))
    throw new SluiceError("usage", "Nothing was trusted: run it on a terminal and answer, or give --yes.");
  await withSite(context, config, async (site) => {
    const isNew = await decideKey(site, armoured, "trusted", `trust the key ${fingerprint}`);
    output.json({ fingerprint, state: "trusted" });
    output.line(`${formatFingerprint(fingerprint)} ${isNew ? "is trusted now" : "was trusted already"}`);
  });
}

async function readKeyFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError(
      "keyring_unreadable",
      `The key file '${file}' cannot be read (${why}): check path and mode.`,
      {
        cause: error,
      },
    );
  }
}

/** `sluice key rotate`: changes to a new key. */
export async function rotate(context: Context, { why }: { readonly why: string }): Promise<void> {
  const config = await readConfig(context);
  await withSite(context, config, async (site) => {
    const { from, to } = await rotateKey(site, keyFiles(config.data, config.privateKey), why);
    context.output.json({ from, to });
    context.output.line(`${formatFingerprint(from)} -> ${formatFingerprint(to)}`);
  });
}

/** `sluice key revoke FINGERPRINT`: of this site's older keys, or of another site's. */
export async function revoke(
  context: Context,
  text: string,
  { why }: { readonly why: string },
): Promise<void> {
  const config = await readConfig(context);
  const fingerprint = text.replaceAll(/[\s:]/g, "").toUpperCase();
  await withSite(context, config, async (site) => {
    await site.author();
    const isOwn = (await readIdentityRow(site.store))?.keys.has(fingerprint) === true;
    if (isOwn) await revokeOwnKey(site, fingerprint, why);
    else await revokeForeignKey(site, fingerprint, why);
    context.output.json({ fingerprint, state: "revoked" });
    context.output.line(`${formatFingerprint(fingerprint)} is revoked`);
  });
}
