import { readIdentityRow, type IdentityRecord } from "../../../src/channel/identity-row.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { appendRef, type Author } from "../../../src/store/refs.ts";
import { openIdentity } from "../../../src/trust/identity.ts";
import { BIRTH, DAY } from "../../../src/trust/test-keys.ts";
import { recordsStore } from "../../../src/transfer/bundle/records.ts";
import { SluiceError } from "../../../src/base/errors.ts";
import { fixedKey } from "../keys.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** The row of another site's keys, as identity.json of a bundle has it. */
export async function open(): Promise<Target> {
  const AT = BIRTH + DAY;
  const [first, second] = await Promise.all(
    [1, 2].map(async (byte) => openIdentity((await fixedKey(byte)).armor(), () => AT)),
  );
  if (first === undefined || second === undefined) throw new Error("there are two keys");
  const store = memoryStore();
  const { openSiteKey } = await import("../../../src/trust/identity.ts");
  const keys = await Promise.all([first, second].map(async ({ publicKey }) => openSiteKey(publicKey)));
  const siteKey = async (fingerprint: string) => keys.find((key) => key.fingerprint === fingerprint);
  const author = ({ fingerprint, sign }: typeof first): Author => ({
    fingerprint,
    by: "root@test",
    sign,
    siteKey,
  });
  const record = ({ fingerprint, publicKey: key }: typeof first, revoked: IdentityRecord["revoked"]) => ({
    body: { fingerprint, key, revoked },
    why: "x",
    at: AT,
  });
  const one = await appendRef(store, author(first), "identity", undefined, record(first, []));
  const two = await appendRef(store, author(first), "identity", one, {
    ...record(second, []),
    also: [second],
  });
  await appendRef(
    store,
    author(second),
    "identity",
    two,
    record(second, [{ fingerprint: first.fingerprint, since: new Date(AT).toISOString(), why: "lost" }]),
  );
  const versions = [...(store.refs.get("identity")?.values() ?? [])].map(String);
  return {
    seeds: [
      JSON.stringify({ versions: versions.slice(0, 1) }),
      JSON.stringify({ versions: versions.slice(0, 2) }),
      JSON.stringify({ versions }),
    ],
    json: "whole",
    words: [
      "identity",
      "payload",
      "signatures",
      "fingerprint",
      "key",
      "revoked",
      "since",
      "previous",
      "version",
      "site",
      first.fingerprint,
      second.fingerprint,
      ...versions.slice(1),
    ],
    async run(input) {
      let listed: unknown;
      try {
        listed = (JSON.parse(input.toString()) as { versions?: unknown } | null)?.versions;
      } catch {
        listed = undefined;
      }
      if (!Array.isArray(listed) || listed.some((text) => typeof text !== "string"))
        throw new SluiceError("bundle_damaged", "not of the form");
      const texts = listed.map((text, at) => [at + 1, Buffer.from(String(text))] as const);
      const row = await readIdentityRow(recordsStore(new Map([["identity", new Map(texts)]]), new Map()));
      if (row === undefined) return;
      must(
        row.id === first.fingerprint || row.id === second.fingerprint,
        "nobody makes a row without its key",
      );
      must(
        row.records.every(({ fingerprint }) =>
          [first, second].some((key) => key.fingerprint === fingerprint),
        ),
        "nor goes on with it",
      );
    },
  };
}
