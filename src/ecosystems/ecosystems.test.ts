import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";
import { floorFaults, readSources } from "../../scripts/floors.ts";
import { absolute } from "../../test/toys/absolute.ts";
import { detached } from "../../test/toys/detached.ts";
import { makeKey } from "../../test/toys/key.ts";
import { absoluteUpstream, detachedUpstream, type ToyPackage } from "../../test/toys/upstreams.ts";
import { SluiceError } from "../base/errors.ts";
import { pathFault } from "../base/path.ts";
import type { Trust } from "../trust/contract.ts";
import type { Entry, RootFile, Upstream } from "../upstream/contract.ts";
import type { CommonOptions, Ecosystem, Step } from "./contract.ts";
import { ecosystemById, ECOSYSTEMS } from "./index.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDERS = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Keys of a mirror that are the engine's: no ecosystem may have one of them. */
const ENGINE_KEYS = [
  "ecosystem",
  "upstream",
  "keyring",
  "signed-by",
  "trust",
  "allow-weak",
  "mode",
  "skip",
  "only",
  "schedule",
  "keep",
  "redirect-hosts",
  "connections",
  "pipelining",
  "retries",
  "timeout",
  "auth",
  "tls",
  "allow-expired",
  "allow-older",
  "allow-missing",
];

test("every folder is registered, and nothing else is", () => {
  assert.deepEqual(ECOSYSTEMS.map(({ id }) => id).toSorted(), FOLDERS.toSorted());
  for (const ecosystem of ECOSYSTEMS) assert.equal(ecosystemById(ecosystem.id), ecosystem);
  assert.equal(ecosystemById("none-such"), undefined);
});

for (const ecosystem of [...ECOSYSTEMS, detached, absolute]) {
  describe(`the contract, held by ${ecosystem.id}`, () => {
    test("options are named and described as the config's are", () => {
      const { shape } = ecosystem.options;
      for (const [key, schema] of Object.entries(shape)) {
        assert.match(key, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
        assert.ok(!ENGINE_KEYS.includes(key), `${key} is the engine's`);
        assert.ok((schema as z.ZodType).description, `${key} has no description`);
      }
      // What the published JSON Schema is made of.
      assert.doesNotThrow(() => z.toJSONSchema(ecosystem.options.strict(), { io: "input" }));
    });

    test("versions compare both ways alike", () => {
      assert.equal(ecosystem.compareVersions("1.2", "1.2"), 0);
      assert.ok(ecosystem.compareVersions("1.2", "1.10") < 0);
      assert.ok(ecosystem.compareVersions("1.10", "1.2") > 0);
    });

    test("an upstream without roots is refused by its code, one that has not changed ends the walk", async () => {
      const options = { ...minimal(ecosystem), mode: "verbatim" } as CommonOptions;
      const none: Upstream = { roots: async () => new Map(), get: async () => undefined };
      await assert.rejects(
        Array.fromAsync(ecosystem.enumerate(none, options, { kind: "none" })),
        (error: unknown) => error instanceof SluiceError && error.code === "root_missing",
      );
      const same: Upstream = { ...none, roots: async () => "unchanged" };
      assert.deepEqual(await Array.fromAsync(ecosystem.enumerate(same, options, { kind: "none" })), [
        "unchanged",
      ]);
    });
  });
}

/** The least that the schema takes: one word in each required list. */
function minimal(ecosystem: Ecosystem): object {
  const filled = Object.entries(ecosystem.options.shape).filter(
    ([, schema]) => !(schema as z.ZodType).safeParse(undefined).success,
  );
  return ecosystem.options.parse(Object.fromEntries(filled.map(([key]) => [key, ["x"]])));
}

for (const { id, options } of ECOSYSTEMS) {
  test(`${id} imports what an ecosystem may`, async () => {
    const own = (await readSources(ROOT)).filter(({ path }) => path.startsWith(`src/ecosystems/${id}/`));
    assert.ok(own.length > 0);
    assert.deepEqual(floorFaults(own), []);
  });

  test(`${id} has its page, its options on it, and its end-to-end tests`, () => {
    const page = readFileSync(join(ROOT, `docs/ecosystems/${id}.md`), "utf8");
    for (const key of Object.keys(options.shape)) {
      assert.ok(page.includes(`\`${key}\``), `docs/ecosystems/${id}.md does not speak of ${key}`);
    }
    assert.ok(existsSync(join(ROOT, `test/e2e/${id}`)));
  });
}

const VERBATIM = { mode: "verbatim" } as const;

const PACKAGES: ToyPackage[] = ["1.2", "1.10"].map((version) => ({
  name: "thing",
  version,
  bytes: Buffer.from(`thing ${version}`),
}));

interface Walked {
  readonly steps: Exclude<Step, "unchanged">[];
  readonly entries: Entry[];
}

async function walk(ecosystem: Ecosystem, files: ReadonlyMap<string, Buffer>, trust: Trust): Promise<Walked> {
  const upstream: Upstream = {
    async roots(groups) {
      const found = new Map<string, RootFile>();
      for (const file of groups.flatMap((group) => group.files)) {
        const bytes = files.get(file.from);
        if (bytes !== undefined) found.set(file.path, { ...file, bytes, sha256: sha256(bytes) });
      }
      return found;
    },
    get: async () => undefined,
  };
  const options = { ...ecosystem.options.parse({}), mode: "verbatim" } as CommonOptions;
  const steps = await Array.fromAsync(ecosystem.enumerate(upstream, options, trust));
  const told = steps.filter((step) => step !== "unchanged");
  return { steps: told, entries: told.flatMap((step) => ("entry" in step ? [step.entry] : [])) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("an ecosystem without digests, whose packages have signatures of their own", () => {
  test("names the evidence of each package, and proves it", async () => {
    const key = await makeKey();
    const files = await detachedUpstream(key, PACKAGES);
    const { steps, entries } = await walk(detached, files, key.trust);
    assert.ok(steps[0] !== undefined && "claim" in steps[0]);
    assert.deepEqual(
      entries.map(({ path }) => path).filter((path) => pathFault(path) !== undefined),
      [],
    );
    const packages = entries.filter(({ kind }) => kind === "package");
    assert.equal(packages.length, 2);
    for (const entry of packages) {
      assert.deepEqual(entry.digests, {});
      assert.ok(entry.evidence !== undefined && entry.maxSize !== undefined);
      assert.ok(entries.some(({ path }) => path === entry.evidence));
      const bytes = files.get(entry.path) ?? Buffer.of();
      const evidence = files.get(entry.evidence);
      await detached.check?.(entry, once(bytes), key.trust, evidence, VERBATIM);
      const code = (wanted: string) => (error: unknown) =>
        error instanceof SluiceError && error.code === wanted;
      const flipped = Buffer.from(bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)));
      await assert.rejects(
        async () => detached.check?.(entry, once(flipped), key.trust, evidence, VERBATIM),
        code("signature_bad"),
      );
      await assert.rejects(
        async () => detached.check?.(entry, once(bytes), key.trust, undefined, VERBATIM),
        code("signature_missing"),
      );
      const stranger = await makeKey("Stranger");
      await assert.rejects(
        async () => detached.check?.(entry, once(bytes), stranger.trust, evidence, VERBATIM),
        code("signature_untrusted"),
      );
    }
  });
});

describe("an ecosystem with absolute URLs on a second host", () => {
  test("names where the bytes come from, and a path of its own", async () => {
    const key = await makeKey();
    const { upstream, second } = await absoluteUpstream(key, PACKAGES, "http://127.0.0.1:8081");
    const { entries } = await walk(absolute, upstream, key.trust);
    const packages = entries.filter(({ kind }) => kind === "package");
    assert.deepEqual(
      packages.map(({ from }) => from),
      [...second.keys()].map((path) => `http://127.0.0.1:8081/${path}`),
    );
    assert.deepEqual(
      packages.map(({ path }) => path),
      [...second.keys()].map((path) => `files/127.0.0.1_8081/${path}`),
    );
    assert.deepEqual(
      packages.map(({ digests }) => digests.sha256),
      [...second.values()].map(sha256),
    );
  });
});
