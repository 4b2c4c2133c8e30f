import { z } from "zod";
import { isName } from "../base/names.ts";
import { bandwidth, BANDWIDTH_FORM } from "./bandwidth.ts";
import type { Fault } from "./faults.ts";
import * as field from "./fields.ts";
import { networkShape, tls } from "./network-keys.ts";
import { networkOf, tlsOf } from "./network.ts";
import type { Resolve } from "./trust-keys.ts";
import type { RemoteSiteConfig, SecretSource } from "./types.ts";

const tokenShape = {
  "token-env": z.string().min(1).optional().describe("Environment variable that holds the token."),
  "token-file": field.filePath.optional().describe("File that holds the token."),
};

type TokenInput = { readonly [key in keyof typeof tokenShape]?: string | undefined };

const countOf = (token: TokenInput): number =>
  [token["token-env"], token["token-file"]].filter((value) => value !== undefined).length;

/** A token that other sites must bring to read the store of this one. */
export const readToken = z
  .strictObject(tokenShape)
  .refine((token) => countOf(token) === 1, { message: "must be one of `token-env` and `token-file`" });

/** Another site, which `sluice pull` copies from. */
export const remoteSite = z
  .strictObject({
    url: field
      .baseUrl("http:", "https:")
      .describe("Base URL of its `sluice serve`, as its clients use it, or as a proxy before it offers it."),
    ...tokenShape,
    tls: tls.optional().describe("Certificates for https."),
    channels: z.array(z.string()).min(1).optional().describe("Its channels to pull; all, if none is named."),
    mirrors: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Its mirrors to pull, by the names that they have there; all, if none is named."),
    bandwidth: bandwidth.optional().describe(`How fast to pull. ${BANDWIDTH_FORM}`),
    ...networkShape,
  })
  .refine((site) => countOf(site) <= 1, { message: "must have one of `token-env` and `token-file`" });

type RemoteSiteInput = z.output<typeof remoteSite>;

export function siteFaults(sites: Readonly<Record<string, RemoteSiteInput>>): Fault[] {
  return Object.keys(sites)
    .filter((name) => !isName(name))
    .map((name) => ({
      path: ["sites", name],
      message: "cannot be the name of a site: use a-z, 0-9, dot, dash and underscore",
      atKey: true,
    }));
}

export function sitesOf(
  sites: Readonly<Record<string, RemoteSiteInput>>,
  at: Resolve,
): readonly RemoteSiteConfig[] {
  return Object.entries(sites).map(([name, values]) => {
    const token = secretOf(values, at);
    return {
      name,
      url: values.url,
      network: networkOf(values),
      auth: token === undefined ? undefined : { kind: "bearer", token },
      tls: tlsOf(values.tls, at),
      channels: values.channels,
      mirrors: values.mirrors,
    };
  });
}

/** Where a token stands, if there is one. */
export function secretOf(token: TokenInput, at: Resolve): SecretSource | undefined {
  const { "token-env": env, "token-file": file } = token;
  if (env !== undefined) return { env };
  return file === undefined ? undefined : { file: at(file) };
}
