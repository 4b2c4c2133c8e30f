import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../run.ts";
import { removeFolder, tempFolder } from "../temp.ts";

export interface SigningKey {
  /** Upper-case hex of the primary key. */
  readonly fingerprint: string;
  readonly userId: string;
  /** Files with the public certificate alone. */
  readonly armoured: string;
  readonly binary: string;
  /** Set where the key can only sign in the past, since it has expired. */
  readonly signAt: number | undefined;
  /** The hash of its signatures. */
  readonly digest: "SHA512" | "SHA1";
}

export interface KeyOptions {
  readonly algorithm?: "ed25519" | "rsa3072" | "rsa1024" | "dsa1024" | undefined;
  /** SHA512 by default. */
  readonly digest?: "SHA512" | "SHA1" | undefined;
  /** As gpg says it: `2y`, `20300101T000000`, `seconds=3600`. Never, by default. */
  readonly expires?: string | undefined;
  /** When it was made (ms); now, by default. With an expiry before today, it signs one minute after this. */
  readonly created?: number | undefined;
}

export interface KeyStore extends AsyncDisposable {
  /** For programs that sign by themselves. */
  readonly home: string;
  create(userId: string, options?: KeyOptions): Promise<SigningKey>;
  /** Revokes a key; the path of its certificate with the revocation in it. It can sign no more. */
  revoke(key: SigningKey): Promise<string>;
  /** Certificates of several keys in one binary keyring; the path. */
  keyring(keys: readonly SigningKey[], name: string): Promise<string>;
  /** Signs a text in place: the clear-signed message. */
  clearSign(text: string, keys: readonly SigningKey[]): Promise<string>;
  /** An armoured detached signature. */
  detachSign(text: string, keys: readonly SigningKey[]): Promise<string>;
  /** A binary one over bytes. */
  detachBinary(bytes: Uint8Array, key: SigningKey): Promise<Buffer>;
}

/** Throwaway keys in a GNUPGHOME of their own; its agent is stopped with it. */
export async function openKeys(): Promise<KeyStore> {
  const home = await tempFolder("gpg");
  const env = { GNUPGHOME: home };
  const gpg = async (args: readonly string[], input?: string): Promise<string> =>
    await must("gpg", ["--batch", "--quiet", "--no-tty", "--passphrase", "", ...args], { env, input });
  let made = 0;

  async function create(userId: string, options: KeyOptions = {}): Promise<SigningKey> {
    const clock = options.created === undefined ? [] : ["--faked-system-time", gpgTime(options.created)];
    const status = await gpg([
      ...clock,
      "--status-fd=1",
      "--quick-generate-key",
      userId,
      options.algorithm ?? "ed25519",
      "sign",
      options.expires ?? "never",
    ]);
    const fingerprint = /KEY_CREATED P (\S+)/.exec(status)?.[1];
    if (fingerprint === undefined) throw new Error(`gpg made no key: ${status}`);
    made++;
    const armoured = join(home, `public-${made}.asc`);
    const binary = join(home, `public-${made}.gpg`);
    await writeFile(armoured, await gpg(["--armor", "--export", fingerprint]));
    await gpg(["--output", binary, "--export", fingerprint]);
    const signAt = options.created === undefined ? undefined : options.created + 60_000;
    return { fingerprint, userId, armoured, binary, signAt, digest: options.digest ?? "SHA512" };
  }

  return {
    home,
    create,
    async revoke(key) {
      // gpg prepares the revocation when it makes the key, with a colon before the armour against accidents.
      const prepared = await readFile(join(home, "openpgp-revocs.d", `${key.fingerprint}.rev`), "utf8");
      await gpg(["--import"], prepared.slice(prepared.indexOf(":-----BEGIN") + 1));
      const path = join(home, `revoked-${key.fingerprint}.gpg`);
      await gpg(["--output", path, "--export", key.fingerprint]);
      return path;
    },
    async keyring(keys, name) {
      const path = join(home, name);
      await gpg(["--output", path, "--export", ...keys.map((key) => key.fingerprint)]);
      return path;
    },
    clearSign: async (text, keys) => await gpg([...signArguments(keys), "--clearsign"], text),
    detachSign: async (text, keys) => await gpg([...signArguments(keys), "--armor", "--detach-sign"], text),
    async detachBinary(bytes, key) {
      const path = join(home, "to-sign");
      await writeFile(path, bytes);
      await gpg([...signArguments([key]), "--yes", "--output", `${path}.sig`, "--detach-sign", path]);
      return await readFile(`${path}.sig`);
    },
    async [Symbol.asyncDispose]() {
      await must("gpgconf", ["--kill", "gpg-agent"], { env });
      await removeFolder(home);
    },
  };
}

// Signatures of one message may need several clocks, so an expired key cannot share a message with others.
function signArguments(keys: readonly SigningKey[]): string[] {
  const clock = keys.find((key) => key.signAt !== undefined)?.signAt;
  return [
    "--digest-algo",
    keys[0]?.digest ?? "SHA512",
    ...(clock === undefined ? [] : ["--faked-system-time", gpgTime(clock)]),
    ...keys.flatMap((key) => ["--local-user", key.fingerprint]),
  ];
}

/** `20301231T235959`, with which gpg's clock starts. */
function gpgTime(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}Z$/g, "");
}
