import { apt } from "./apt/index.ts";
import type { Ecosystem } from "./contract.ts";

/** All adapters: a new ecosystem is a folder and a line here. */
export const ECOSYSTEMS: readonly Ecosystem[] = [register(apt)];

/** The adapter of this id, or undefined. */
export function ecosystemById(id: string): Ecosystem | undefined {
  return ECOSYSTEMS.find((ecosystem) => ecosystem.id === id);
}

// The engine holds options as plain data: an adapter is given those that its own schema has passed.
function register<O extends object>(ecosystem: Ecosystem<O>): Ecosystem {
  return ecosystem as unknown as Ecosystem;
}
