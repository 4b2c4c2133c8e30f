import { createHash } from "node:crypto";
import { SluiceError } from "../../../src/base/errors.ts";
import { pathFault } from "../../../src/base/path.ts";
import { apt } from "../../../src/ecosystems/apt/index.ts";
import {
  collect,
  memoryUpstream,
  optionsOf,
  type Files,
} from "../../../src/ecosystems/apt/repository.test-helper.ts";
import { stanzas } from "../../../src/formats/deb822.ts";
import { Moved } from "../../../src/upstream/contract.ts";
import { PACKAGE_WORDS, PACKAGES, RELEASE_WORDS, SOURCES, SUMS } from "../apt-words.ts";
import { joined, must, pieces, sections } from "../kit.ts";
import { gatherStanzas } from "../stanzas.ts";
import type { Target } from "../target.ts";

const HEAD =
  "Origin: Test\nLabel: Test\nSuite: stable\nDate: Sat, 21 Nov 2026 04:00:00 UTC\nAcquire-By-Hash: yes\nArchitectures: amd64 all\nComponents: main contrib\n";
const FLAT = "Origin: Test\nDate: Sat, 21 Nov 2026 04:00:00 UTC\n";

/** A whole repository that a hostile vendor has signed: the walk over it, and the set-up of its clients. `=== Release` is the Release without its lists, the other sections are files that it lists. */
export async function open(): Promise<Target> {
  const option = {
    architectures: ["amd64"],
    sources: true,
    udebs: false,
    installer: false,
    mode: "sparse",
    skip: { sections: ["games"], packages: ["*-dbg*"] },
  };
  const [suite, flat] = [optionsOf(option), optionsOf({ ...option, suites: ["./"], sources: false })];
  return {
    seeds: [
      joined({
        Release: HEAD,
        "main/binary-amd64/Packages": `${PACKAGES}${PACKAGES.replaceAll("admin", "games").replaceAll("apt", "gpt")}`,
        "main/source/Sources": SOURCES,
        "main/i18n/Translation-en": "Package: apt\n",
        "main/Contents-amd64": "bin/x admin/apt\n",
      }),
      joined({
        Release: `${HEAD}NotAutomatic: yes\nValid-Until: Sat, 28 Nov 2026 04:00:00 UTC\n`,
        "main/binary-amd64/Packages": PACKAGES,
        "main/binary-all/Packages": PACKAGES,
        "contrib/binary-amd64/Packages": PACKAGES,
        "contrib/source/Sources": SOURCES,
      }),
      joined({ Release: FLAT, Packages: PACKAGES, en: "Package: apt\n", "Contents-amd64": "x y\n" }),
    ],
    words: [
      ...RELEASE_WORDS,
      ...PACKAGE_WORDS,
      "=== ",
      "=== Packages\n",
      "=== main/binary-all/Packages\n",
      "=== contrib/source/Sources\n",
      "$(touch x)",
      "'; touch x; '",
      "games",
    ],
    async run(input) {
      const parts = sections(input);
      const isFlat = parts.has("Packages");
      await walked(repository(parts, isFlat ? "" : "dists/stable/"), isFlat ? flat : suite);
    },
  };
}

function repository(parts: ReadonlyMap<string, Buffer>, folder: string): Files {
  const listed = [...parts].filter(([name]) => name !== "" && name !== "Release");
  const lines = listed.map(
    ([name, bytes]) => ` ${createHash("sha256").update(bytes).digest("hex")} ${bytes.length} ${name}\n`,
  );
  const head = (parts.get("Release") ?? Buffer.alloc(0)).toString();
  return new Map([
    [`${folder}Release`, Buffer.from(`${head}SHA256:\n${lines.join("")} ${SUMS} 0 main/empty\n`)],
    ...listed.map(([name, bytes]) => [`${folder}${name}`, bytes] as const),
  ]);
}

async function walked(files: Files, options: ReturnType<typeof optionsOf>): Promise<void> {
  try {
    const { entries, paths } = await collect(apt.enumerate(memoryUpstream(files), options, { kind: "none" }));
    must(new Set(paths).size === paths.length, "each path comes once");
    for (const { path, digests, size, maxSize } of entries) {
      must(pathFault(path) === undefined, "paths are plain");
      must(
        (digests.sha256 ?? digests.sha512) !== undefined && (size ?? maxSize) !== undefined,
        "each has digest and bound",
      );
    }
    await setUp(files, options, new Set(paths));
  } catch (error) {
    throw error instanceof Moved && error.otherwise instanceof SluiceError ? error.otherwise : error;
  }
}

async function setUp(
  files: Files,
  options: ReturnType<typeof optionsOf>,
  paths: ReadonlySet<string>,
): Promise<void> {
  const snapshot = {
    files: memoryUpstream(files),
    trust: { kind: "none" as const },
    has: (path: string) => paths.has(path),
    holes: 1,
  };
  const { files: made } = await apt.client({
    mirror: "m",
    channel: "stable",
    url: "http://127.0.0.1/m/stable",
    setupUrl: "http://127.0.0.1/_/setup/m/stable",
    upstream: ["http://deb.example.org/debian"],
    options,
    wishes: { fallback: [], exclude: paths.size % 2 === 0 },
    now: Date.UTC(2026, 10, 22),
    facts: async (find) => find(snapshot),
  });
  for (const { content } of made)
    must(
      !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(content),
      "no control characters reach a host",
    );
  const [source] = made;
  must(source !== undefined, "there is a source");
  const fields = new Set(["types", "uris", "suites", "trusted", "signed-by", "x"]);
  for (const stanza of await gatherStanzas(stanzas(pieces(Buffer.from(source.content)), "source", fields))) {
    const said = new Map(stanza);
    must(
      /^deb( deb-src)?$|^deb-src$/.test(said.get("types") ?? "") &&
        said.get("uris") === "http://127.0.0.1/m/stable/" &&
        said.get("suites") === options.suites[0],
      "the source says what it should",
    );
  }
}
