import { readFile } from "node:fs/promises";
import { sha256 } from "../base/digest.ts";
import { SluiceError } from "../base/errors.ts";
import type { MirrorConfig, SecretSource } from "./types.ts";

/** What the transport is given to identify itself and to know the server; never printed, never stored. */
export interface Secrets {
  readonly credentials?:
    | { readonly kind: "basic"; readonly username: string; readonly password: string }
    | { readonly kind: "bearer"; readonly token: string };
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/**
 * Reads the secrets of a mirror, or of another site, from environment and files. Throws `credentials`, naming the place but never the value; `owner` is who takes
 * them, in messages.
 */
export async function loadSecrets(
  { name, auth, tls }: Pick<MirrorConfig, "name" | "auth" | "tls">,
  env: NodeJS.ProcessEnv = process.env,
  owner = `Mirror '${name}'`,
): Promise<Secrets> {
  const secret = (source: SecretSource): Promise<string> | string => readSecret(owner, source, env);
  const pem = (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? Promise.resolve(path) : readText(owner, path);
  const [ca, cert, key] = await Promise.all([pem(tls?.ca), pem(tls?.cert), pem(tls?.key)]);
  return {
    ...(auth?.kind === "basic" && {
      credentials: { kind: auth.kind, username: auth.username, password: await secret(auth.password) },
    }),
    ...(auth?.kind === "bearer" && { credentials: { kind: auth.kind, token: await secret(auth.token) } }),
    ...(tls !== undefined && {
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
  };
}

/** SHA-256 of each of the tokens: whoever has only these cannot say them. Throws `credentials`. */
export async function loadReadTokens(
  sources: readonly SecretSource[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  return Promise.all(sources.map(async (source) => sha256(await readSecret("`read-tokens`", source, env))));
}

async function readSecret(owner: string, source: SecretSource, env: NodeJS.ProcessEnv): Promise<string> {
  const where = "env" in source ? `the environment variable ${source.env}` : `the file '${source.file}'`;
  const value = "env" in source ? (env[source.env] ?? "") : (await readText(owner, source.file)).trimEnd();
  if (value === "" || /[\r\n\0]/.test(value))
    throw new SluiceError(
      "credentials",
      `${owner} takes a secret from ${where}, which must hold one line and does not.`,
    );
  return value;
}

async function readText(owner: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new SluiceError("credentials", `${owner} cannot read '${path}' (${why}): check path and mode.`, {
      cause: error,
    });
  }
}
