import { z } from "zod";
import type { Ecosystem } from "../ecosystems/contract.ts";

/** An ecosystem with one required and one optional key of its own. */
export const toy: Ecosystem = {
  id: "toy",
  options: z.object({
    suites: z.array(z.string()).min(1).describe("Suites."),
    release: z.string().optional().describe("Release."),
  }),
  checkOptions: (options) => {
    const [first] = (options as { suites?: string[] }).suites ?? [];
    const faults: Record<string, string> = { bad: "must not be bad", worse: "a suite cannot be worse" };
    const message = faults[first ?? ""];
    return message === undefined ? [] : [{ path: ["suites", 0], message }];
  },
  enumerate: async function* () {},
  client: () => Promise.resolve({ files: [], notes: [] }),
  compareVersions: (a, b) => a.localeCompare(b),
};
