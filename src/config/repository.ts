import type { Ecosystem } from "../ecosystems/contract.ts";
import { type Fault, faultsOf, inOurWords } from "./faults.ts";

export type Expanded =
  | {
      /** The mirror with the keys that its `repository` stands for in place of that. */
      readonly raw: unknown;
      /** A fault of such a key, as one of `repository`; others as they are. */
      readonly place: (fault: Fault) => Fault;
    }
  | { readonly faults: readonly Fault[] };

/** Puts the keys of a mirror in place of `repository`, the ecosystem's own way to write them down, where that is used. */
export function expandRepository(ecosystem: Ecosystem, raw: unknown, path: readonly string[]): Expanded {
  const form = ecosystem.repository;
  if (form === undefined || !isMap(raw) || !Object.hasOwn(raw, "repository"))
    return { raw, place: (fault) => fault };
  const { repository, ...others } = raw;
  const at = [...path, "repository"];
  const parsed = form.schema.safeParse(repository, { error: inOurWords });
  if (!parsed.success) return { faults: faultsOf(parsed.error, at) };
  const read = form.read(parsed.data);
  if ("fault" in read) return { faults: [{ path: at, message: read.fault }] };
  const given = new Set([...form.gives, ...Object.keys(read.keys)]);
  const twice = Object.keys(others).filter((key) => given.has(key));
  if (twice.length > 0) {
    return {
      faults: twice.map((key) => ({
        path: [...path, key],
        message: "stands beside `repository`, which says it too: keep one of them",
        atKey: true,
      })),
    };
  }
  return {
    raw: { ...others, ...read.keys },
    place(fault) {
      const key = fault.path[path.length];
      if (typeof key !== "string" || !Object.hasOwn(read.keys, key)) return fault;
      return { path: at, message: `gives \`${key}\`: ${fault.message}` };
    },
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
