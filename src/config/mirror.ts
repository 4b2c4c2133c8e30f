import { dirname, resolve } from "node:path";
import type { CommonOptions, Ecosystem } from "../ecosystems/contract.ts";
import { isName } from "../base/names.ts";
import { type Fault, faultsOf, inOurWords } from "./faults.ts";
import { networkOf, tlsOf } from "./network.ts";
import { expandRepository } from "./repository.ts";
import { ENGINE_KEYS, type EngineInput, mirrorSchema } from "./schema.ts";
import { mostSimilar } from "./similar.ts";
import { type Resolve, trustFaults, trustOf } from "./trust-keys.ts";
import type { AuthConfig, Keep, MirrorConfig } from "./types.ts";

type Checked = { readonly mirror: MirrorConfig } | { readonly faults: readonly Fault[] };

/** Checks one mirror of the config; `file` is the config's path, to which the paths in it are relative. */
export function checkMirror(
  name: string,
  raw: unknown,
  ecosystems: readonly Ecosystem[],
  file: string,
): Checked {
  const path = ["mirrors", name];
  if (!isName(name) || name === "v2") {
    const message =
      "cannot be the name of a mirror: use a-z, 0-9, dot, dash and underscore, not the shape of an id, and not 'v2'";
    return { faults: [{ path, message, atKey: true }] };
  }
  const ecosystem = ecosystemOf(raw, ecosystems, path);
  if ("message" in ecosystem) return { faults: [ecosystem] };

  const expanded = expandRepository(ecosystem, raw, path);
  if ("faults" in expanded) return expanded;
  const parsed = mirrorSchema(ecosystem).safeParse(expanded.raw, { error: inOurWords });
  if (!parsed.success) return { faults: faultsOf(parsed.error, path).map(expanded.place) };
  const values = parsed.data as EngineInput & Record<string, unknown>;
  const options = optionsOf(values);
  const faults = [
    ...crossFaults(values, path),
    ...(ecosystem.checkOptions?.(options) ?? []).map((fault) => ({
      ...fault,
      path: [...path, ...fault.path],
    })),
  ].map(expanded.place);
  if (faults.length > 0) return { faults };

  const at = (relative: string): string => resolve(dirname(file), relative);
  return {
    mirror: {
      name,
      ecosystem,
      upstream: values.upstream,
      options,
      trust: trustOf(values, at),
      allowExpired: values["allow-expired"],
      allowOlder: values["allow-older"],
      allowRename: values["allow-rename"],
      allowEmpty: values["allow-empty"],
      allowMissing: values["allow-missing"],
      keep: keepOf(values.keep),
      schedule: values.schedule,
      network: networkOf(values),
      auth: authOf(values.auth, at),
      tls: tlsOf(values.tls, at),
    },
  };
}

function ecosystemOf(
  raw: unknown,
  ecosystems: readonly Ecosystem[],
  path: readonly string[],
): Ecosystem | Fault {
  const ids = ecosystems.map(({ id }) => id);
  const are = `there are ${ids.join(", ")}`;
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return { path, message: "must be a map of keys, `ecosystem` and `upstream` first" };
  const id = (raw as { ecosystem?: unknown }).ecosystem;
  if (id === undefined) return { path: [...path, "ecosystem"], message: `is missing: ${are}` };
  const found = ecosystems.find((ecosystem) => ecosystem.id === id);
  if (found !== undefined) return found;
  const near = typeof id === "string" ? mostSimilar(id, ids) : undefined;
  const help = near === undefined ? are : `did you mean '${near}'?`;
  return { path: [...path, "ecosystem"], message: `is not an ecosystem that Sluice knows: ${help}` };
}

/** Mistakes that lie between two keys. */
function crossFaults(values: EngineInput, path: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  const refuse = (key: string, message: string): void =>
    void faults.push({ path: [...path, key], message, atKey: true });
  faults.push(...trustFaults(values, path));
  for (const key of ["skip", "only"] as const)
    if (values[key] !== undefined && values.mode !== "sparse")
      refuse(key, "leaves packages out: say `mode: sparse` with it");
  return faults;
}

function optionsOf(values: EngineInput & Record<string, unknown>): MirrorConfig["options"] {
  const own = Object.entries(values).filter(([key]) => !ENGINE_KEYS.includes(key));
  const common: CommonOptions = {
    mode: values.mode,
    ...(values.skip === undefined ? {} : { skip: values.skip }),
    ...(values.only === undefined ? {} : { only: values.only }),
  };
  return { ...Object.fromEntries(own), ...common };
}

function keepOf(keep: EngineInput["keep"]): Keep | undefined {
  if (keep === undefined) return undefined;
  const { last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0 } = keep;
  return { last, hourly, daily, weekly, monthly, yearly };
}

function authOf(auth: EngineInput["auth"], at: Resolve): AuthConfig | undefined {
  if (auth === undefined) return undefined;
  const kind = auth.username === undefined ? "token" : "password";
  const env = auth[`${kind}-env`];
  const secret = env === undefined ? { file: at(auth[`${kind}-file`] ?? "") } : { env };
  return auth.username === undefined
    ? { kind: "bearer", token: secret }
    : { kind: "basic", username: auth.username, password: secret };
}
