import { SluiceError } from "../../../src/base/errors.ts";
import { readIdentityRow } from "../../../src/channel/identity-row.ts";
import { httpStore, type Web } from "../../../src/store/http/open.ts";
import { loadCargo } from "../../../src/transfer/cargo.ts";
import { loadAhead } from "../../../src/transfer/load-ahead.ts";
import { checkNames } from "../../../src/transfer/names.ts";
import { joined, must, pieces, sections } from "../kit.ts";
import { expandLines, RECORDS, SITE } from "../record-lines.ts";
import type { Target } from "../target.ts";

/** What another site answers about its store: `=== page 1` and on are its lists of records, `=== versions` those of one, `=== records` the records, `=== blob` any blob. */
export async function open(): Promise<Target> {
  const names = [
    "channels/latest",
    "channels/stable",
    `imports/${SITE}`,
    "snapshots/m/20260101T000000Z",
    "snapshots/m/20260102T000000Z",
  ];
  const page = (some: readonly string[], next?: string): string =>
    `${JSON.stringify({ refs: some.map((name) => ({ name, versions: [[1, name.endsWith("stable") ? 2 : 1]] })), ...(next !== undefined && { next }) })}\n`;
  return {
    seeds: [
      joined({ "page 1": page(names), versions: '{"versions":[]}\n', records: RECORDS, blob: "x" }),
      joined({
        "page 1": page(names.slice(0, 2), names[1]),
        "page 2": page(names.slice(2)),
        records: RECORDS,
        versions: '{"versions":[]}\n',
      }),
    ],
    json: "lines",
    words: [
      "refs",
      "name",
      "versions",
      "next",
      "channels/",
      "identity",
      "sites/",
      "[[1,1]]",
      "[[1,100001]]",
      "[[2,1]]",
      "[[1,1],[2,2]]",
      "=== page 2\n",
      "=== page 3\n",
      "=== versions\n",
      "=== records\n",
      "=== blob\n",
    ],
    async run(input) {
      const store = httpStore(webOf(input));
      let refused: SluiceError | undefined;
      const steps = [
        async () =>
          void (await store.listRefs("")).map((name) => must(!name.includes(".."), "names are plain")),
        async () => loadAhead(store, {}),
        async () => readIdentityRow(store),
        async () => checkNames(await loadCargo(store, SITE, {}, { partial: true })),
        async () => store.readBlob("0".repeat(64), 1000),
        async () => store.statBlob("0".repeat(64)),
      ];
      for (const step of steps) {
        try {
          await step();
        } catch (error) {
          if (!(error instanceof SluiceError) || error.code === "internal") throw error;
          refused ??= error;
        }
      }
      if (refused !== undefined && !refused.code.startsWith("blob_")) throw refused;
    },
  };
}

function webOf(input: Buffer): Web {
  const files = sections(input);
  const records = new Map<string, Buffer>();
  for (const line of expandLines(files.get("records") ?? Buffer.alloc(0))
    .toString()
    .split("\n")) {
    const said = parsed(line);
    if (said !== undefined)
      records.set(
        `refs/${String(said["ref"])}/${String(said["version"])}.json`,
        Buffer.from(String(said["text"])),
      );
  }
  const find = (path: string): Buffer | undefined => {
    const rest = path.replace(/^_\/store\/v1\//, "");
    if (rest.startsWith("blobs/")) return files.get("blob");
    if (records.has(rest)) return records.get(rest);
    if (rest.endsWith(".json")) return undefined;
    if (!rest.startsWith("refs?")) return files.get("versions");
    // The first page, or the one behind the page that ended so.
    const asked = new URLSearchParams(rest.slice(5));
    const after = asked.get("after") ?? "";
    const before = [1, 2, 3].find(
      (number) => files.get(`page ${number}`)?.includes(`"next":${JSON.stringify(after)}`) === true,
    );
    return begunWith(files.get(`page ${after === "" ? 1 : (before ?? 9) + 1}`), asked.get("prefix") ?? "");
  };
  return {
    read: async (path) => find(path),
    async open(path, offset) {
      const bytes = find(path)?.subarray(offset);
      return bytes && { body: pieces(bytes), length: bytes.length };
    },
  };
}

// Of a page that is whole, what was asked for.
function begunWith(page: Buffer | undefined, prefix: string): Buffer | undefined {
  const said = page && parsed(page.toString());
  if (prefix === "" || said === undefined || !Array.isArray(said["refs"])) return page;
  const refs = (said["refs"] as unknown[]).filter(
    (one) =>
      !JSON.stringify(one).startsWith('{"name":"') || JSON.stringify(one).startsWith(`{"name":"${prefix}`),
  );
  return Buffer.from(JSON.stringify({ ...said, refs, next: undefined }));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
