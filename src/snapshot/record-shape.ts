import { z } from "zod";
import { refDamaged, type RefVersion } from "../store/refs.ts";

const texts = z.array(z.string());
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
// In milliseconds: what a Date can be made of.
const time = z.number().min(-8.64e15).max(8.64e15);
const numbers = z.record(z.string(), count);

// What is read of a record, wherever it is read; a later version of the program may write more.
const snapshot = z.looseObject({
  mirror: z.string(),
  id: z.string(),
  ecosystem: z.string(),
  mode: z.enum(["verbatim", "sparse"]),
  upstream: texts,
  options: z.looseObject({}),
  manifest: z.looseObject({ sha256: digest, size: count }),
  acceptedAt: z.iso.datetime(),
  trust: z.discriminatedUnion("kind", [
    z.looseObject({ kind: z.literal("none") }),
    z.looseObject({
      kind: z.literal("keys"),
      keyrings: z.array(z.looseObject({ name: z.string(), sha256: digest })),
      pinned: texts,
      allowWeak: texts,
      scope: z.literal("packages").optional(),
    }),
  ]),
  claims: z.array(
    z.looseObject({
      root: z.string(),
      signers: z.array(
        z.looseObject({
          fingerprint: z.string(),
          userId: z.string(),
          signedAt: time,
          expires: time.optional(),
          revoked: time.optional(),
          weak: texts,
        }),
      ),
      date: time.optional(),
      serial: z.number().optional(),
      validUntil: time.optional(),
      names: texts,
      weak: texts,
    }),
  ),
  roots: z.array(z.looseObject({ path: z.string(), sha256: digest })),
  packages: count,
  files: count,
  bytes: count,
  holes: z
    .array(
      z.looseObject({
        path: z.string(),
        name: z.string().optional(),
        version: z.string().optional(),
        arch: z.string().optional(),
      }),
    )
    .optional(),
  origin: z.looseObject({ site: z.string(), mirror: z.string(), record: digest }).optional(),
  pinned: z.string().optional(),
  removed: z.string().optional(),
});

const channel = z.looseObject({
  channel: z.string(),
  mirrors: z.record(z.string(), z.string()),
  restores: count.optional(),
  of: texts.optional(),
  expires: z.iso.datetime().optional(),
});

const imported = z.looseObject({
  site: z.string(),
  from: z.looseObject({ kind: z.string(), name: z.string(), bundles: z.array(count).optional() }),
  channels: numbers,
  mirrors: z.record(z.string(), z.string()),
  snapshots: texts,
  files: count,
  bytes: count,
  bundles: z.array(count),
  taken: texts.optional(),
});

const exported = z.looseObject({
  to: z.looseObject({ kind: z.string(), name: z.string() }),
  channels: numbers,
  snapshots: texts,
  files: count,
  bytes: count,
  bundle: z.looseObject({ number: count, id: z.string(), base: z.array(count) }).optional(),
});

const key = z.looseObject({
  fingerprint: z.string(),
  key: z.string(),
  state: z.enum(["trusted", "revoked"]),
});

const OTHERS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ["imports", imported],
  ["exports", exported],
  ["keys", key],
  ["gc", z.looseObject({ list: digest })],
]);

/**
 * Holds that a version says what its kind of record says, and is about what its name says. One that was altered need not be found out by its signature
 * before it is read: but it must not be taken for what it is not. Throws ref_corrupt.
 */
export function checkShape<V extends RefVersion<unknown>>(version: V): V {
  const [kind, ...name] = version.ref.split("/");
  if (kind === "snapshots") {
    const { success, data } = snapshot.safeParse(version.body);
    if (!success || data.mirror !== name[0] || data.id !== name[1]) throw refDamaged(version);
  }
  if (kind === "channels") {
    const { success, data } = channel.safeParse(version.body);
    if (!success || data.channel !== name[0]) throw refDamaged(version);
  }
  if (OTHERS.get(kind ?? "")?.safeParse(version.body).success === false) throw refDamaged(version);
  return version;
}
