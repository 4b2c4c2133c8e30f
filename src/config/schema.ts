import { z } from "zod";
import type { Ecosystem } from "../ecosystems/contract.ts";
import { HTTP_DEFAULTS } from "../upstream/http/options.ts";
import { bandwidth, BANDWIDTH_FORM } from "./bandwidth.ts";
import * as field from "./fields.ts";
import { networkShape, tls } from "./network-keys.ts";
import { readToken, remoteSite } from "./site-keys.ts";

const selector = z.strictObject({
  sections: z.array(z.string()).optional().describe("Globs of sections: `games`, or `contrib/games`."),
  packages: z.array(z.string()).optional().describe("Globs of package names."),
});

const keep = z
  .strictObject({
    last: field.count.optional().describe("The newest snapshots."),
    hourly: field.count.optional().describe("The newest of each of so many hours."),
    daily: field.count.optional().describe("The newest of each of so many days."),
    weekly: field.count.optional().describe("The newest of each of so many weeks."),
    monthly: field.count.optional().describe("The newest of each of so many months."),
    yearly: field.count.optional().describe("The newest of each of so many years."),
  })
  .refine((counts) => Object.values(counts).some((count) => count !== undefined && count > 0), {
    message: "must keep at least one snapshot: give one of its keys a number above 0",
  });

const auth = z
  .strictObject({
    username: z
      .string()
      .min(1)
      .regex(/^[^:]+$/, "must not have a colon")
      .optional()
      .describe("User name of HTTP basic authentication."),
    "password-env": z.string().min(1).optional().describe("Environment variable that holds the password."),
    "password-file": field.filePath.optional().describe("File that holds the password."),
    "token-env": z.string().min(1).optional().describe("Environment variable that holds a bearer token."),
    "token-file": field.filePath.optional().describe("File that holds a bearer token."),
  })
  .refine((auth) => oneSecret(auth), {
    message:
      "must be either `username` with one of `password-env` and `password-file`, or one of `token-env` and `token-file`",
  });

function oneSecret(auth: Readonly<Record<string, string | undefined>>): boolean {
  const passwords = [auth["password-env"], auth["password-file"]].filter(
    (value) => value !== undefined,
  ).length;
  const tokens = [auth["token-env"], auth["token-file"]].filter((value) => value !== undefined).length;
  return auth["username"] === undefined ? passwords === 0 && tokens === 1 : passwords === 1 && tokens === 0;
}

/** By whose keys a mirror is proven. */
const trustShape = {
  keyring: field.keyrings
    .optional()
    .describe(
      "OpenPGP keyring of the vendor, binary or armoured, or a list. Relative to the config file. Or the armoured key itself.",
    ),
  "signed-by": z
    .union([field.fingerprint, z.array(field.fingerprint).min(1)])
    .transform((value) => (typeof value === "string" ? [value] : value))
    .optional()
    .describe(
      "Fingerprints of keys in the keyring that alone may sign; with `!` at the end, that very key and not its subkeys.",
    ),
  trust: z
    .literal("none")
    .optional()
    .describe("`none` takes the upstream without any signature. Every listing then says so."),
  "allow-weak": z
    .array(field.weakness)
    .optional()
    .describe("Weak cryptography to accept from this vendor, by name."),
};

/** The same of a mirror that is only ever imported. */
export const importSchema = z.strictObject(trustShape);
export type TrustInput = z.output<typeof importSchema>;

/** Keys of a mirror that the engine reads, whatever the ecosystem. */
const engineShape = {
  upstream: z
    .union([
      field.baseUrl("http:", "https:", "file:"),
      z.array(field.baseUrl("http:", "https:", "file:")).min(1),
    ])
    .transform((value) => (typeof value === "string" ? [value] : value))
    .describe(
      "Base URL of the repository that is copied, or a list of them: the next is tried where one fails.",
    ),
  ...trustShape,
  mode: z
    .enum(["verbatim", "sparse"], { error: (issue) => modeFault(issue.input) })
    .default("verbatim")
    .describe("`verbatim`: all that the indices list. `sparse`: `skip` and `only` leave packages out."),
  skip: selector.optional().describe("Packages to leave out. Needs `mode: sparse`."),
  only: selector.optional().describe("Packages to keep; all others are left out. Needs `mode: sparse`."),
  schedule: field.schedule
    .optional()
    .describe(
      "When to sync, in the five fields of cron. This version checks it but does not run it by itself.",
    ),
  keep: keep.optional().describe("Which snapshots `sluice gc` keeps; without it, all of them."),
  ...networkShape,
  bandwidth: bandwidth.optional().describe(`How fast to fetch for this mirror. ${BANDWIDTH_FORM}`),
  auth: auth.optional().describe("Credentials for the upstream; the secret itself stands elsewhere."),
  tls: tls.optional().describe("Certificates for https."),
  "allow-expired": z.boolean().default(false).describe("Take metadata that is past its own expiry."),
  "allow-older": z.boolean().default(false).describe("Take metadata that is older than the last snapshot's."),
  "allow-rename": z
    .boolean()
    .default(false)
    .describe("Take a suite that calls itself by other names than in the last snapshot."),
  "allow-empty": z
    .boolean()
    .default(false)
    .describe("Take it that the upstream lists no packages any more, after a snapshot with 20 or more."),
  "allow-missing": z
    .boolean()
    .default(false)
    .describe(
      "Make a snapshot without the packages that no upstream has; its record lists them, and each sync asks for them again.",
    ),
};

function modeFault(input: unknown): string | undefined {
  return input === "resigned"
    ? "asks for 'resigned', which this version does not offer: use verbatim or sparse"
    : undefined;
}

/** What zod gives for the keys of the engine. */
export type EngineInput = z.output<z.ZodObject<typeof engineShape>>;

export const ENGINE_KEYS: readonly string[] = ["ecosystem", ...Object.keys(engineShape)];

/** The schema of one mirror of an ecosystem: the engine's keys and the ecosystem's own. */
export function mirrorSchema(ecosystem: Ecosystem): z.ZodObject {
  return z.strictObject({
    ecosystem: z.literal(ecosystem.id).describe("What kind of repository this is."),
    ...engineShape,
    ...ecosystem.options.shape,
  });
}

/** The same for a mirror that is written by `repository`, the ecosystem's own form; undefined where it has none. */
export function repositorySchema(ecosystem: Ecosystem): z.ZodObject | undefined {
  const form = ecosystem.repository;
  if (form === undefined) return undefined;
  const shape = mirrorSchema(ecosystem).shape;
  const others = Object.entries(shape).filter(([key]) => !form.gives.includes(key));
  return z.strictObject({
    repository: form.schema,
    // It may give these too: whether they are there is seen when it is read.
    ...Object.fromEntries(
      others.map(([key, schema]) => [key, key === "ecosystem" ? schema : (schema as z.ZodType).optional()]),
    ),
  });
}

const scrubKeys = z.strictObject({
  rate: bandwidth.prefault("20MB/s").describe(`How fast to read the store at most. ${BANDWIDTH_FORM}`),
  every: field.duration
    .prefault("30d")
    .refine((ms) => ms >= 1000, "must be at least 1s")
    .describe("How long after the begin of one pass the next begins, or at once where that took longer."),
});

const scrub = z
  .union([z.boolean(), scrubKeys])
  .transform((value) => {
    if (value === false) return undefined;
    const { rate, every } = value === true ? scrubKeys.parse({}) : value;
    return { rate, everyMs: every };
  })
  .prefault(true)
  .describe(
    "Whether `sluice serve` reads the whole store again and again, and puts into quarantine what has changed; `false` switches it off.",
  );

export const siteShape = {
  data: z.string().min(1).default("/var/lib/sluice").describe("The folder of everything that Sluice keeps."),
  listen: field.listen.prefault("127.0.0.1:8080").describe("Address of `sluice serve`: HOST:PORT."),
  workers: field.workers
    .default(1)
    .describe("Processes of `sluice serve` that answer requests; one is enough for a gigabit or two."),
  "connections-per-client": field.positive
    .optional()
    .describe(
      "Connections that one client address (of IPv6: /64) may have at a time; without it, any number. This host itself is not counted.",
    ),
  scrub,
  url: field
    .baseUrl("http:", "https:")
    .optional()
    .describe("Base URL under which clients reach this site, for `sluice client`."),
  grace: field.duration
    .prefault("24h")
    .describe("How long files that left a channel go on being served there, and how long gc waits."),
  "channel-expiry": field.duration
    .prefault("30d")
    .describe(
      "How long a channel counts as fresh after it was set or renewed; after that, this site and those that import from it say that it is old.",
    ),
  bandwidth: bandwidth
    .optional()
    .describe(`How fast to fetch for all mirrors of a run together. ${BANDWIDTH_FORM}`),
  "connections-per-host": field.positive
    .default(HTTP_DEFAULTS.connections)
    .describe("Connections to one host at a time, for all mirrors of a run together."),
  "private-key": field.filePath
    .optional()
    .describe(
      "File that holds the private key of this site's identity, armoured; `identity/private.asc` of the data folder by default.",
    ),
  imports: z
    .record(z.string(), importSchema)
    .optional()
    .describe("By whose keys mirrors that are imported are proven here, by the name that they have here."),
  sites: z
    .record(z.string(), remoteSite)
    .optional()
    .describe("Other sites, by the names that `sluice pull` calls them by."),
  "read-tokens": z
    .array(readToken)
    .optional()
    .describe(
      "Tokens of which another site must bring one to pull from this one; without any, it may be pulled from by all who reach it.",
    ),
  contact: field.contact
    .optional()
    .describe("URL or mail address that every upstream is told, in the User-Agent: whom to turn to."),
};

const mirrorsHelp = "The mirrors, by name.";

/** The whole file, its mirrors not looked into yet. */
export const siteSchema = z.strictObject({
  ...siteShape,
  mirrors: z.record(z.string(), z.unknown()).default({}).describe(mirrorsHelp),
});

/** The whole file for editors: what docs/reference/config.schema.json is made of. */
export function publishedSchema(ecosystems: readonly Ecosystem[]): z.ZodObject {
  return z.strictObject({
    ...siteShape,
    mirrors: z
      .record(
        z.string(),
        z.union(
          ecosystems.flatMap((ecosystem) => {
            const short = repositorySchema(ecosystem);
            return short === undefined ? [mirrorSchema(ecosystem)] : [mirrorSchema(ecosystem), short];
          }),
        ),
      )
      .optional()
      .describe(mirrorsHelp),
  });
}
