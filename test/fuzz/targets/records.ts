import { SluiceError } from "../../../src/base/errors.ts";
import { auditRefs } from "../../../src/channel/audit.ts";
import { channelHistory, channelNames, resolveId } from "../../../src/channel/channels.ts";
import { graceSnapshots } from "../../../src/channel/grace.ts";
import { listMirrors, showSnapshot } from "../../../src/channel/list.ts";
import { homePage, mirrorPage } from "../../../src/serve/listings.ts";
import { View } from "../../../src/serve/view.ts";
import { judgeSigners } from "../../../src/snapshot/judge.ts";
import { readRootTimes } from "../../../src/snapshot/root-times.ts";
import { listSnapshots, storedMirrors, surveySnapshots } from "../../../src/snapshot/snapshots.ts";
import type { ReadStore } from "../../../src/store/contract.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { assertRow, checkRef, isSignedBy, refHistory } from "../../../src/store/refs.ts";
import { decodeRefs, recordsStore } from "../../../src/transfer/bundle/records.ts";
import { loadCargo } from "../../../src/transfer/cargo.ts";
import { exportsTo } from "../../../src/transfer/export-record.ts";
import { lastImport } from "../../../src/transfer/import-record.ts";
import { keyDecisions } from "../../../src/transfer/known-sites.ts";
import { checkNames, namesHere } from "../../../src/transfer/names.ts";
import { expandLines, RECORDS, SITE } from "../record-lines.ts";
import type { Target } from "../target.ts";

const KEY = { fingerprint: SITE, verify: async () => true };
const siteKey = async () => KEY;
const NOBODY = { kind: "keys", files: [], pinned: [], allowWeak: [] } as const;

/** The records of a store, on a damaged disk or in a bundle: a line each of ref, version and content. Their signatures are taken for good, so that what is in them is read. */
export async function open(): Promise<Target> {
  return {
    seeds: [RECORDS],
    json: "lines",
    words: [
      "channels/stable",
      "snapshots/m/20260101T000000Z",
      "imports/x",
      "keys/x",
      "exports/any",
      "sites/",
      "ref",
      "version",
      "previous",
      "at",
      "by",
      "site",
      "why",
      "body",
      "text",
      "signatures",
      "claims",
      "signers",
      "date",
      "validUntil",
      "acceptedAt",
      "holes",
      "removed",
      "pinned",
      "origin",
      "mirrors",
      "restores",
      "of",
      "trust",
      "keyrings",
      "allowWeak",
      "options",
      "manifest",
      "roots",
      "upstream",
      SITE,
    ],
    async run(input) {
      const refs = decodeRefs(expandLines(input), "Bundle 1");
      const store = recordsStore(refs, new Map());
      const steps = [
        async () => auditRefs(store, "", siteKey),
        ...rows(store, refs),
        async () => listMirrors(store, []),
        ...(await ofMirrors(store)),
        ...(await ofChannels(store)),
        ...ofSites(store),
      ];
      let refused: SluiceError | undefined;
      for (const step of steps) {
        const refusal = await refusalOf(step);
        refused ??= refusal;
      }
      if (refused !== undefined) throw refused;
    },
  };
}

type Step = () => Promise<unknown>;

async function refusalOf(step: Step): Promise<SluiceError | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    if (error instanceof SluiceError && error.code !== "internal") return error;
    throw error;
  }
}

function rows(store: ReadStore, refs: ReadonlyMap<string, ReadonlyMap<number, unknown>>): Step[] {
  return [...refs].flatMap(([name, versions]): Step[] => [
    async () => checkRef(store, name, siteKey),
    // Of its own records alone: those of other sites call themselves by the names that they have there.
    async () => name.startsWith("sites/") || assertRow(store, await refHistory(store, name), siteKey),
    ...[...versions.keys()].map((version) => async () => isSignedBy(store, name, version, KEY)),
  ]);
}

async function ofMirrors(store: ReadStore): Promise<Step[]> {
  return (await storedMirrors(store)).flatMap((mirror): Step[] => [
    async () => surveySnapshots(store, mirror),
    async () => readRootTimes(store, mirror),
    async () => showSnapshot(store, mirror, undefined),
    async () => resolveId(store, mirror, "stable"),
    async () => served(store, mirror),
    async () => {
      for (const { body } of await listSnapshots(store, mirror))
        for (const claim of body.claims) judgeSigners(claim, NOBODY, Date.parse(body.acceptedAt), true);
    },
  ]);
}

async function served(store: ReadStore, mirror: string): Promise<void> {
  const view = new View(store, {
    clock: () => Date.UTC(2026, 5),
    graceMs: 1000,
    freshMs: 1,
    manifestBytes: 1,
  });
  const pages = [
    homePage(await view.mirrors()),
    mirrorPage(mirror, await view.channels(mirror), await view.snapshots(mirror)),
  ];
  for (const page of pages) void [...page];
  await view.place(mirror, "stable");
}

async function ofChannels(store: ReadStore): Promise<Step[]> {
  return (await channelNames(store)).map((channel) => async () => {
    const history = await channelHistory(store, channel);
    const snapshots = new Map((await listSnapshots(store, "m")).map(({ body }) => [body.id, body]));
    graceSnapshots(history, "m", Date.UTC(2026, 5), 1000, (id) => snapshots.get(id));
  });
}

function ofSites(store: ReadStore): Step[] {
  return [
    async () => keyDecisions(store),
    async () => lastImport(store, SITE),
    async () => exportsTo(store, "any"),
    async () => {
      const cargo = await loadCargo(store, SITE, {}, { partial: true });
      checkNames(cargo);
      await namesHere(memoryStore(), SITE, cargo, new Map(), undefined);
    },
  ];
}
