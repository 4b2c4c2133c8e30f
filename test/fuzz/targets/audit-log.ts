import canonicalize from "canonicalize";
import { sha256 } from "../../../src/base/digest.ts";
import { beginIdentityRow } from "../../../src/channel/identity-row.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { checkLog } from "../../../src/transfer/audit-log.ts";
import { openIdentity } from "../../../src/trust/identity.ts";
import { BIRTH, DAY } from "../../../src/trust/test-keys.ts";
import { fixedKey } from "../keys.ts";
import { must } from "../kit.ts";
import { expandLines, RECORDS } from "../record-lines.ts";
import type { Target } from "../target.ts";

const AT = BIRTH + DAY;

/** Logs that a site has written out, as an auditor is given them. The digest and the signature of the last line are made right where they say AUTO. */
export async function open(): Promise<Target> {
  const site = await openIdentity((await fixedKey(1)).armor(), () => AT);
  const store = memoryStore();
  await beginIdentityRow(store, { ...site, by: "root@test", siteKey: async () => undefined }, site, AT);
  const identity = JSON.stringify({
    ref: "identity",
    version: 1,
    text: String(store.refs.get("identity")?.get(1)),
  });
  const log = {
    format: 1,
    site: site.fingerprint,
    at: "2026-01-01T00:00:00.000Z",
    by: "root@test",
    records: 1,
    sha256: "AUTO",
  };
  const closing = JSON.stringify({ log, signature: "AUTO" });
  const known = new Set([site.fingerprint]);
  const sign = async (line: string, body: string): Promise<string> => {
    try {
      const said = JSON.parse(line.replace('"sha256":"AUTO"', `"sha256":"${sha256(body)}"`)) as {
        log: object;
        signature: unknown;
      };
      const signature = await site.sign(Buffer.from(canonicalize(said.log) ?? ""));
      return JSON.stringify(said.signature === "AUTO" ? { ...said, signature } : said);
    } catch {
      return line.replace('"sha256":"AUTO"', `"sha256":"${sha256(body)}"`);
    }
  };
  return {
    seeds: [`${identity}\n${closing}\n`, `${identity}\n${RECORDS}${closing}\n`],
    json: "lines",
    words: [
      "identity",
      "log",
      "signature",
      "AUTO",
      "sha256",
      "records",
      "site",
      "at",
      "by",
      "format",
      "\\ud800",
      site.fingerprint,
    ],
    async run(input) {
      const text = input.toString().trimEnd();
      const cut = text.lastIndexOf("\n") + 1;
      const body = expandLines(Buffer.from(text.slice(0, cut))).toString();
      const found = await checkLog(`${body}${await sign(text.slice(cut), body)}\n`, known);
      must(found.site === site.fingerprint, "it is of the site that signed it");
    },
  };
}
