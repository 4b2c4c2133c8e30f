import { isName } from "../base/names.ts";
import type { Fault } from "./faults.ts";
import { isArmoured } from "./fields.ts";
import type { TrustInput } from "./schema.ts";
import type { ImportConfig, TrustConfig } from "./types.ts";

export type Resolve = (relative: string) => string;

/** Mistakes between the keys that say by whom something is trusted. */
export function trustFaults(values: TrustInput, path: readonly string[]): Fault[] {
  if (values.trust !== "none") {
    if (values.keyring !== undefined) return [];
    const message =
      "has no key, so nothing can be proven: give `keyring`, or say `trust: none` to take what nobody signed";
    return [{ path, message, atKey: true }];
  }
  const beside = (["keyring", "signed-by", "allow-weak"] as const).filter((key) => values[key] !== undefined);
  const message = "stands beside `trust: none`: keep one of them";
  return beside.map((key) => ({ path: [...path, key], message, atKey: true }));
}

export function trustOf(values: TrustInput, at: Resolve): TrustConfig {
  if (values.trust === "none") return { kind: "none" };
  const keyrings = values.keyring ?? [];
  const embedded = keyrings.filter(isArmoured);
  return {
    kind: "keys",
    keyrings: keyrings.filter((value) => !isArmoured(value)).map(at),
    ...(embedded.length > 0 && { embedded }),
    signedBy: values["signed-by"] ?? [],
    allowWeak: values["allow-weak"] ?? [],
    ...(values.trust !== undefined && { scope: values.trust }),
  };
}

/** Checks `imports:`, whose form the schema has seen to already. */
export function importFaults(imports: Readonly<Record<string, TrustInput>>): Fault[] {
  return Object.entries(imports).flatMap(([name, values]) => {
    const path = ["imports", name];
    if (isName(name) && name !== "v2") return trustFaults(values, path);
    return [
      {
        path,
        message: "cannot be the name of a mirror: use a-z, 0-9, dot, dash and underscore",
        atKey: true,
      },
    ];
  });
}

export function importsOf(imports: Readonly<Record<string, TrustInput>>, at: Resolve): ImportConfig[] {
  return Object.entries(imports).map(([name, values]) => ({ name, trust: trustOf(values, at) }));
}
