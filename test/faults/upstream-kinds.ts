import type { ProxyFault } from "../servers/faulty-proxy.ts";

/** One way in which an upstream, or what lies between, goes wrong. */
export interface UpstreamKind {
  readonly name: string;
  /** `at` is a share, 0 to 1, of the answer; `stale` is a server of the old state. */
  fault(at: number, path: string, stale: string): ProxyFault;
  /** Answers in a row that a passing fault strikes. */
  readonly strikes: number;
  /** Nothing in HTTP tells of it: struck at a root, only its signature does, and the run is refused. */
  readonly silent: boolean;
}

const kind = (
  name: string,
  fault: UpstreamKind["fault"],
  { strikes = 1, silent = false }: Partial<Pick<UpstreamKind, "strikes" | "silent">> = {},
): UpstreamKind => ({ name, fault, strikes, silent });

const status = (code: number, headers: Readonly<Record<string, string>> = {}): UpstreamKind =>
  kind(
    `${code}${Object.hasOwn(headers, "retry-after") ? " with Retry-After" : ""}`,
    () => ({ kind: "status", status: code, headers }),
    { strikes: 2 },
  );

/** Each can pass, and each can last. */
export const KINDS: readonly [UpstreamKind, ...UpstreamKind[]] = [
  kind("cut off", (at) => ({ kind: "truncate", at })),
  kind("reset", (at) => ({ kind: "reset", at })),
  kind("reset before the first byte", () => ({ kind: "reset", at: 0 })),
  kind("stalled", (at) => ({ kind: "stall", at })),
  kind("a byte a second", (at) => ({ kind: "dribble", at: at / 2 })),
  status(500),
  status(502),
  status(503, { "retry-after": "1" }),
  status(429),
  status(429, { "retry-after": "1" }),
  kind("closed after each answer", () => ({ kind: "close" }), { strikes: 5 }),
  kind("a length too long", () => ({ kind: "length", add: 97 })),
  kind("a length too short", () => ({ kind: "length", add: -7 }), { silent: true }),
  kind("a byte altered", (at) => ({ kind: "garble", at }), { silent: true }),
  kind("stale", (_at, _path, stale) => ({ kind: "stale", from: stale }), { silent: true }),
  kind(
    "a redirect to itself",
    (_at, path) => ({ kind: "status", status: 302, headers: { location: path } }),
    { strikes: 2 },
  ),
];
