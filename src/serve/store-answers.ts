import type { OutgoingHttpHeaders } from "node:http";
import { versionOfFile } from "../store/ref-names.ts";
import type { ReadStore } from "../store/contract.ts";
import type { Exchange } from "./exchange.ts";
import type { Files } from "./files.ts";
import { mayRead } from "./read-tokens.ts";
import { sendBytes, sendStatus } from "./send.ts";
import { OfferedRefs } from "./store-refs.ts";
import type { Target } from "./target.ts";

export interface StoreOptions {
  readonly store: ReadStore;
  readonly files: Files;
  /** SHA-256 of the tokens of which a reader must have one; none: anybody may read. */
  readonly readTokens: readonly string[];
  /** How old, in milliseconds, a list of refs may be. */
  readonly freshMs: number;
}

const JSON_TYPE = { "Content-Type": "application/json" };
const FOREVER = "max-age=31536000, immutable";

/** Answers `/_/store/v1/…` (src/store/http/protocol.ts), which other sites pull from; false where there is nothing of that name. */
export function storeAnswers({
  store,
  files,
  readTokens,
  freshMs,
}: StoreOptions): (exchange: Exchange, target: Target) => Promise<boolean> {
  const refs = new OfferedRefs(store, freshMs);
  // What needs a token is not for the caches on the way.
  const cacheControl = `${readTokens.length === 0 ? "public" : "private"}, ${FOREVER}`;
  const json = (exchange: Exchange, body: Buffer | object, headers: OutgoingHttpHeaders): true => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(`${JSON.stringify(body)}\n`);
    sendBytes(exchange, 200, { ...JSON_TYPE, ...headers }, bytes);
    return true;
  };

  async function answerBlob(exchange: Exchange, sha256: string | undefined): Promise<boolean> {
    const blob = sha256 === undefined ? undefined : await store.statBlob(sha256);
    if (blob === undefined) return false;
    await files.send(exchange, {
      entry: { path: blob.sha256, sha256: blob.sha256, size: blob.size, kind: "package", from: "" },
      fixed: true,
      since: undefined,
      cacheControl,
    });
    return true;
  }

  async function answerRef(exchange: Exchange, path: readonly string[], query: string): Promise<boolean> {
    const number = versionOfFile(path.at(-1) ?? "");
    if (number !== undefined) {
      const bytes = await refs.version(path.slice(0, -1).join("/"), number);
      return bytes === undefined ? false : json(exchange, bytes, { "Cache-Control": cacheControl });
    }
    const fresh = { "Cache-Control": "no-store" };
    if (path.length > 0) return json(exchange, await refs.versions(path.join("/")), fresh);
    const asked = new URLSearchParams(query);
    return json(exchange, await refs.page(asked.get("prefix") ?? "", asked.get("after") ?? ""), fresh);
  }

  return async (exchange, { segments, query }) => {
    const [, api, version, what, ...rest] = segments;
    if (api !== "store" || version !== "v1") return false;
    if (!mayRead(readTokens, exchange.request.headers.authorization)) {
      sendStatus(exchange, 401, { "WWW-Authenticate": 'Bearer realm="store"' });
      return true;
    }
    if (what === "refs") return answerRef(exchange, rest, query);
    return what === "blobs" && rest.length === 1 ? answerBlob(exchange, rest[0]) : false;
  };
}
