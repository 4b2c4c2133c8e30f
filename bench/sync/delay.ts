// node delay.ts PORT DELAY_MS     a process of its own: passes TCP connections on to 127.0.0.1:PORT, each byte DELAY_MS later, each way
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

const [port = 0, delayMs = 0] = process.argv.slice(2).map(Number);
/** Bytes that are on their way at once, in one direction of one connection: what a window would let through. */
const WINDOW = 16 * 1024 * 1024;

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  // Its handshake would have taken a round trip: the first bytes come so much later.
  pass(client, upstream, performance.now() + 2 * delayMs);
  pass(upstream, client, 0);
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.once("disconnect", () => process.exit(0));

interface Piece {
  readonly due: number;
  /** Undefined: the end. */
  readonly bytes: Buffer | undefined;
}

function pass(from: Socket, to: Socket, notBefore: number): void {
  const onTheWay: Piece[] = [];
  let held = 0;
  let timer: NodeJS.Timeout | undefined;

  const deliver = (): void => {
    timer = undefined;
    const now = performance.now();
    while (onTheWay[0] !== undefined && onTheWay[0].due <= now + 0.5) {
      const { bytes } = onTheWay.shift() ?? {};
      if (bytes === undefined) to.end();
      else {
        held -= bytes.length;
        to.write(bytes);
      }
    }
    if (to.writableLength > WINDOW) return void to.once("drain", deliver);
    if (held < WINDOW && from.isPaused()) from.resume();
    const [next] = onTheWay;
    if (next !== undefined) timer = setTimeout(deliver, Math.max(1, next.due - performance.now()));
  };
  const put = (bytes: Buffer | undefined): void => {
    onTheWay.push({ due: Math.max(performance.now(), notBefore) + delayMs, bytes });
    held += bytes?.length ?? 0;
    if (held >= WINDOW) from.pause();
    timer ??= setTimeout(deliver, delayMs);
  };
  from.on("data", put);
  from.on("end", () => put(undefined));
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
