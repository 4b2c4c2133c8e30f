import { suite, test } from "node:test";
import { ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openBench } from "./anchors-bench.ts";
import { FILTERED, RUNS } from "./anchors-runs.ts";
import { aptsFor, GENERATIONS } from "./generations.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What real apt wants of a mirror, rule by rule. `by`: the test that holds it, as `file: words of its name`; a rule of RUNS is run below. */
interface Rule {
  readonly says: string;
  readonly by?: readonly string[];
}

const E2E = "test/e2e/apt";
const SERVED = `${E2E}/served.test.ts`;
const CHANNELS = `${E2E}/channels.test.ts`;
const TAMPER = `${E2E}/tamper.test.ts`;
const HOSTILE = `${E2E}/hostile.test.ts`;
const KINDS = `${E2E}/kinds.test.ts`;
const FLAT = `${E2E}/flat.test.ts`;
const FOLLOWS = `${E2E}/client-follows.test.ts`;
const SNAPSHOTS = `${E2E}/client-snapshots.test.ts`;
const REFUSALS = "src/ecosystems/apt/refusals.test.ts";
const WALK = "src/ecosystems/apt/walk.test.ts";
const SERVER = "src/serve/server.test.ts";

const RULES: Readonly<Record<string, Rule>> = {
  "1": {
    says: "packages, by-hash, indices, Release, InRelease last (E16)",
    by: [
      `${E2E}/killed.test.ts: after the last byte came, wherever it then is: nothing half-made is ever seen`,
      `${E2E}/moving.test.ts: half-published for a while: new files and new Release, but the old InRelease`,
    ],
  },
  "2": {
    says: "immutable trees and one pointer",
    by: [
      `${CHANNELS}: in one step`,
      "src/store/directory/channels.test.ts: a channel is served through symlinks, which one rename switches for all mirrors",
    ],
  },
  "3": { says: "by-hash of earlier generations stays, for a client between InRelease and indices" },
  "4": { says: "by-hash of the strongest list", by: [`${WALK}: names by hash of the strongest list`] },
  "5": { says: "no by-hash at all, and the field after the lists (E1, H6)", by: [`${SERVED}: "ubuntu"`] },
  "6": {
    says: "packages of a generation that clients still have",
    by: [`${CHANNELS}: a client in mid-upgrade finds the packages that left the channel, for the grace`],
  },
  "7": {
    says: "InRelease, Release and Release.gpg of one generation (E16)",
    by: [
      `${TAMPER}: InRelease and Release of two generations`,
      `${REFUSALS}: InRelease and Release that differ`,
    ],
  },
  "8": {
    says: "InRelease alone, Release with Release.gpg alone; 404 for what is absent (H2, E10, G5)",
    by: [`${TAMPER}: a captive portal, a gate, a fault`, "test/e2e/serving.test.ts: is absent"],
  },
  "9": {
    says: "unsigned, signed by another, weak or huge is refused (E20, E21, F6)",
    by: [
      `${TAMPER}: another key, one that has expired, one that was revoked, and none`,
      `${HOSTILE}: digests that are too weak, or none`,
      `${FLAT}: F6: for which MD5 and SHA-1 alone vouch`,
      `${HOSTILE}: a body without end, as package and as InRelease`,
    ],
  },
  "10": {
    says: "sqv, which the newest apt verifies with, takes it; keys of the SHA-1 era are said",
    by: [`${E2E}/odd.test.ts: keys and signatures of the SHA-1 era are refused`],
  },
  "11": { says: "Signed-By in Release constrains the next one" },
  "12": {
    says: "Date: none, unreadable, padded as Ubuntu's (F5, H5)",
    by: [`${FLAT}: F5: no Date is taken`, `${WALK}: Ubuntu's order of fields and its padded hours`],
  },
  "13": {
    says: "past Valid-Until (E6)",
    by: [`${FOLLOWS}: metadata past its Valid-Until is accepted for a time`],
  },
  "14": {
    says: "Valid-Until-Min keeps the check (E6c); Check-Valid-Until switches it off for one source (E6b)",
    by: [`${FOLLOWS}: and the check stays on`, `${FOLLOWS}: another source is still checked`],
  },
  "15": { says: "a clock that lags, and Date-Max-Future (E7, E7b)" },
  "16": {
    says: "the mirror itself checks for freeze and rollback",
    by: [`${TAMPER}: metadata that is older, expired, from the future, or of another suite`],
  },
  "17": {
    says: "apt does not go back under one URL (E8)",
    by: [
      `${CHANNELS}: rollback says that apt keeps its newer lists, and what to do; such a client still installs`,
    ],
  },
  "18": { says: "another URL goes back (E8b)", by: [`${SNAPSHOTS}: by the snapshot's own URL`] },
  "19": {
    says: "validators are exact, whichever way a channel moves",
    by: [
      `${CHANNELS}: conditional requests are exact across promote and back`,
      `${SERVER}: across moves of a channel a client gets 200 where the bytes differ`,
    ],
  },
  "20": {
    says: "a suite keeps its name; the channel stands in the URL (E9, F1 to F3)",
    by: [
      `${SERVED}: by the client set-up that Sluice writes`,
      `${FLAT}: F3: a folder that calls itself otherwise`,
    ],
  },
  "21": {
    says: "Origin, Label, Codename, Suite and the rest are the vendor's own (E11, E11b, E11c)",
    by: [`${SERVED}: is copied byte for byte`, `${E2E}/renamed.test.ts: held back until confirmed once`],
  },
  "22": {
    says: "apt's own snapshots",
    by: [
      `${SNAPSHOTS}: in the source, though the channel is further on`,
      `${SNAPSHOTS}: finds each mirror's own snapshot of one time`,
    ],
  },
  "23": {
    says: "what is listed, wanted and absent fails an update (E4b, E5, E14c, G2, G3)",
    by: [`${KINDS}: what is left out by option, the client set-up keeps apt from asking for`],
  },
  "24": {
    says: "every kind of index that clients ask for, or a source that does not ask (E4, E5b, E14b)",
    by: [`${KINDS}: by default, a client with apt-file, AppStream and icons finds all that it asks for`],
  },
  "25": {
    says: "what is listed and need not be there (E2, E3, E14, E15, E22, H1, H8)",
    by: [`${WALK}: nothing of an index that is empty`, `${WALK}: the next form where the first is absent`],
  },
  "26": {
    says: "`updates/main` whose paths are `main` (H7)",
    by: [`${SERVED}: "security"`, `${WALK}: security's `],
  },
  "27": { says: "`all` is always included", by: [`${WALK}: one architecture with what `] },
  "28": {
    says: "sources, udebs, installer images",
    by: [
      `${KINDS}: all of it is a copy of the upstream`,
      `${KINDS}: images, which their SHA256SUMS vouch for`,
    ],
  },
  "29": { says: "an upstream that moves", by: [`${E2E}/moving.test.ts: at each request in turn, `] },
  "30": {
    says: "signature, Release, index, package; SHA-256 at least",
    by: [`${HOSTILE}: digests that are too weak, or none`, `${WALK}: claim, root, index and package`],
  },
  "31": {
    says: "packages that vanish are no silent holes",
    by: [`${E2E}/missing.test.ts: is refused; with allow-missing, apt gets all that is there`],
  },
  "32": {
    says: "paths that climb out, sizes without bound",
    by: [`${HOSTILE}: a package whose name `, `${REFUSALS}: hostile paths of packages`],
  },
  "33": {
    says: "portals, truncated bodies, inflated ones",
    by: [`${TAMPER}: a captive portal, a gate`, `${HOSTILE}: an index that inflates past what was signed`],
  },
  "34": { says: "two sources are not failover (E18, E18b, E18f)" },
  "35": {
    says: "mirror+file is (E18c, E18d, E18e)",
    by: [`${FOLLOWS}: a fallback is asked for what the mirror does not give, and only then`],
  },
  "36": { says: "one URL in two files (E19)" },
  "37": {
    says: "404, ranges, escapes, pipelining",
    by: [
      `${SERVER}: parts of files, long and short`,
      "src/serve/target.test.ts: escapes are decoded once, a plus stays a plus",
      "src/serve/connections.test.ts: pipelined requests are answered in their order",
    ],
  },
  "38": {
    says: "how long caches may keep what",
    by: [
      "src/serve/kinds.test.ts: how long a cache may keep a file depends on whether its URL can change its meaning",
    ],
  },
  "39": { says: "file: sources (E17)", by: [`${SERVED}: by file:// on trees/`] },
  "40": {
    says: "flat stays flat (F1, F4)",
    by: [`${FLAT}: F1, F2: `, `${FLAT}: F4: by-hash beside Release`],
  },
  [FILTERED]: {
    says: "one filtered candidate stops a whole upgrade; pins and Exclude (E12, G6, G7)",
    by: [
      `${SERVED}: pins keep an upgrade going`,
      `${FOLLOWS}: pins follow the channel at each update`,
      `${FOLLOWS}: Exclude in the source does what pins do`,
      `${E2E}/several-suites.test.ts: whatever -t and the host's own pins say`,
    ],
  },
};

suite("rules of apt for mirrors", () => {
  test("all forty of them, and filters, are held by a test or run here", () => {
    const names = [...Array.from({ length: 40 }, (_, at) => String(at + 1)), FILTERED];
    const open = names.filter(
      (rule) => RULES[rule]?.by === undefined && !RUNS.some((run) => run.rule === rule),
    );
    ok(open.length === 0, `nothing holds ${open.join(", ")}`);
    ok(RUNS.every(({ rule }) => rule in RULES));
  });

  for (const [rule, { says, by = [] }] of Object.entries(RULES)) {
    if (by.length === 0) continue;
    test(`rule ${rule}: ${says}: has its tests`, async () => {
      for (const pointer of by) {
        const cut = pointer.indexOf(": ");
        const [path, words] = [pointer.slice(0, cut), pointer.slice(cut + 2)];
        const text = await readFile(join(ROOT, path), "utf8");
        ok(text.includes(words), `${path} has no test of the name '${words}'`);
      }
    });
  }
});

for (const generation of GENERATIONS) {
  suite(`rules of apt for mirrors, with ${generation.name}`, { skip: generation.skip }, async () => {
    for (const { rule, says, run } of RUNS.filter(({ says }) =>
      aptsFor(says, GENERATIONS).includes(generation),
    ))
      test(`rule ${rule}: ${says}`, async () => {
        const bench = await openBench(generation);
        try {
          await run(bench);
        } finally {
          await bench.lab.cleanup.run();
        }
      });
  });
}
