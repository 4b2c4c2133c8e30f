import { Readable } from "node:stream";
import { SluiceError } from "../../../src/base/errors.ts";
import { hostList } from "../../../src/upstream/http/hosts.ts";
import { judge, type Answer } from "../../../src/upstream/http/answer.ts";
import { header, requestHeaders, validatorsOf } from "../../../src/upstream/http/headers.ts";
import { parseBase, resolveRedirect } from "../../../src/upstream/http/location.ts";
import { gather, must } from "../kit.ts";
import type { Target } from "../target.ts";

const BASE = "http://deb.example.org/debian/";
const MOST = 2 ** 20;

/** What an upstream answers: its status, header lines, an empty line, its body. Asked for the whole file, for its rest from byte 3, and whether it has changed. */
export async function open(): Promise<Target> {
  const { base } = parseBase(BASE);
  const hosts = hostList(["*.cdn.example.org"]);
  return {
    seeds: [
      '200\ncontent-length: 5\netag: "x"\nlast-modified: Sat, 21 Nov 2026 04:00:00 GMT\n\nhello',
      "206\ncontent-range: bytes 3-7/8\ncontent-length: 5\n\nhello",
      "302\nlocation: https://a.cdn.example.org/x?y\n\n",
      "503\nretry-after: 30\n\n",
      '304\netag: W/"y"\n\n',
      "416\ncontent-range: bytes */3\n\n",
    ],
    words: [
      "200",
      "206",
      "304",
      "403",
      "404",
      "407",
      "416",
      "429",
      "503",
      "content-length: ",
      "content-range: ",
      "bytes 3-",
      "/*",
      "retry-after: ",
      "Fri, 31 Dec 9999 23:59:59 GMT",
      "etag: ",
      'W/"',
      "last-modified: ",
      "location: ",
      "//h/",
      "../",
      "http:",
      "https://x@deb.example.org:443/",
      "file:///",
      "javascript:",
      "\n\n",
    ],
    async run(input) {
      const cut = input.indexOf("\n\n");
      const [status = "", ...lines] = input.toString("latin1", 0, cut < 0 ? input.length : cut).split("\n");
      const headers = headersOf(lines);
      const validators = validatorsOf(headers);
      for (const text of Object.values(requestHeaders({ from: "x", validators, offset: 3 }, "ua")))
        must(/^[\x20-\x7e]*$/.test(text), "what is sent again can be sent");
      const location = header(headers, "location");
      if (location !== undefined) {
        const to = resolveRedirect(base, base, location, hosts);
        must(
          /^https?:$/.test(to.protocol) &&
            /^deb\.example\.org$|\.cdn\.example\.org$/.test(to.hostname) &&
            to.username === "" &&
            to.password === "",
          "a redirect stays where it may lead",
        );
      }
      const code = Number(/^\d{3}$/.test(status) ? status : 200);
      const body = input.subarray(cut < 0 ? input.length : cut + 2);
      const requests = [
        { from: "x" },
        { from: "x", offset: 3, validators },
        { from: "x", validators: { etag: '"x"' } },
      ];
      let refused: SluiceError | undefined;
      for (const request of requests)
        await hold({
          request,
          url: base,
          proxy: undefined,
          response: answered(code, headers, body),
          patienceMs: 1000,
        }).catch((error: unknown) => {
          if (!(error instanceof SluiceError)) throw error;
          refused = error;
        });
      if (refused !== undefined) throw refused;
    },
  };
}

async function hold(answer: Answer): Promise<void> {
  const outcome = judge(answer);
  if (outcome.kind === "later")
    must(Number.isFinite(outcome.retryAfter) && outcome.retryAfter >= 0, "a wait is a number");
  if (outcome.kind !== "reply" || outcome.reply.status !== "ok") return;
  const { start, length, body } = outcome.reply;
  must(start === 0 || start === answer.request.offset, "it begins where it was asked, or at the beginning");
  const bytes = await gather(body, MOST);
  must(length === undefined || bytes.length === length, "the length is the one that was said");
}

function headersOf(lines: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const line of lines) {
    const [name = "", ...rest] = line.split(":");
    const key = name.trim().toLowerCase();
    if (key === "__proto__") continue;
    const known = headers[key];
    const value = rest.join(":").trim();
    headers[key] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return headers;
}

function answered(statusCode: number, headers: Record<string, string | string[]>, bytes: Buffer) {
  const body = Object.assign(Readable.from([bytes], { objectMode: false }), {
    discard: () => undefined,
  });
  return { statusCode, headers, doubtful: undefined, body } as unknown as Answer["response"];
}
