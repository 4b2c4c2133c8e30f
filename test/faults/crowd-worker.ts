import { runInline } from "../clients/inline.ts";

// One process of the crowd: makes the runs that it is told to make, one after the other.
process.on("message", (args: readonly string[]) => {
  runInline(args).then(
    (ran) => void process.send?.(ran),
    (error: unknown) => void process.send?.({ code: null, signal: null, stdout: "", stderr: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
