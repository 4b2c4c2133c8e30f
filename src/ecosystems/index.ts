import { apt } from "./apt/index.ts";
import type { Ecosystem } from "./contract.ts";
import { rpm } from "./rpm/index.ts";

/** All adapters: a new ecosystem is a folder and a line here. */
export const ECOSYSTEMS: readonly Ecosystem[] = [apt, rpm];

/** The adapter of this id, or undefined. */
export function ecosystemById(id: string): Ecosystem | undefined {
  return ECOSYSTEMS.find((ecosystem) => ecosystem.id === id);
}
