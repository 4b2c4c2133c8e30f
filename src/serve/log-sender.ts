/** Bytes of log that wait at most; a reader that is slower than that loses lines, and is told how many. */
const MAX_WAITING = 8 * 2 ** 20;

export interface LogSender {
  send(text: string): void;
  /** Returns when all that was sent has arrived. */
  drained(): Promise<void>;
}

/**
 * Sends the log to another process, one piece at a time: the next goes when the last has arrived, and takes all that
 * has come since. `deliver` gives a piece to the other process.
 */
export function logSender(deliver: (text: string) => Promise<unknown>, maxWaiting = MAX_WAITING): LogSender {
  let waiting = "";
  let lost = 0;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting !== "") {
      const text = waiting;
      const note = lost === 0 ? "" : `sluice: ${lost} lines of the log are lost: its reader is too slow\n`;
      waiting = "";
      lost = 0;
      await deliver(text + note).catch(() => undefined);
    }
    running = undefined;
  }

  return {
    send(text) {
      if (waiting.length + text.length > maxWaiting) {
        lost += text.split("\n").length - 1;
        return;
      }
      waiting += text;
      running ??= run();
    },
    drained: async () => running,
  };
}
