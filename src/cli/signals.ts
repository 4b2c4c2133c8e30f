import { SluiceError } from "../base/errors.ts";

/** A signal that the first Ctrl-C or SIGTERM aborts; the second one ends the process at once. */
export function watchSignals(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort(new SluiceError("interrupted", "Stopped; run again to continue."));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    release: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  };
}
