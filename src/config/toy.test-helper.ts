import { z } from "zod";
import type { Ecosystem } from "../ecosystems/contract.ts";

/** An ecosystem with one required and one optional key of its own. */
export const toy: Ecosystem = {
  id: "toy",
  options: z.object({
    suites: z.array(z.string()).min(1).describe("Suites."),
    release: z.string().optional().describe("Release."),
  }),
  checkOptions: (options) =>
    (options as { suites?: string[] }).suites?.includes("bad") === true
      ? [{ path: ["suites", 0], message: "must not be bad" }]
      : [],
  enumerate: async function* () {},
  client: () => Promise.resolve({ files: [], notes: [] }),
  compareVersions: (a, b) => a.localeCompare(b),
};
