/** The few things of a terminal that the CLI uses; tests give their own. */
export interface Io {
  readonly out: OutStream;
  readonly err: OutStream;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => number;
}

export interface OutStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The process's own streams; a reader that goes away (`sluice list | head -1`) is no error. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.exit(1);
    });
  return { out: process.stdout, err: process.stderr, input: process.stdin, env: process.env, now: Date.now };
}
