import { SluiceError, asSluiceError, type ErrorCode } from "../base/errors.ts";

/** One end of a channel between two processes, as Node's child processes and `process` itself are. */
export interface Channel {
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What the other end may ask for, by name. */
export type Handlers = Readonly<Record<string, (payload: unknown) => unknown>>;

export interface Peer {
  /** Asks the other end; rejects with its error, or where no answer comes within `ms`. */
  call<T>(name: string, payload: unknown, ms: number): Promise<T>;
  /** Tells the other end, and waits for nothing. */
  tell(name: string, payload?: unknown): void;
  /** Gives up all calls: the other end is gone. */
  end(): void;
}

interface Message {
  readonly sluice: "call" | "tell" | "answer" | "error";
  readonly name?: string;
  readonly id?: number;
  readonly payload?: unknown;
}

/** Requests and answers over a channel, both ways. */
export function peer(channel: Channel, handlers: Handlers): Peer {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;

  const handle = async (name: string, payload: unknown): Promise<unknown> => {
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    return handler?.(payload);
  };
  const answer = async (id: number, name: string, payload: unknown): Promise<void> => {
    try {
      channel.send({ sluice: "answer", id, payload: await handle(name, payload) });
    } catch (thrown) {
      channel.send({ sluice: "error", id, payload: plainError(thrown) });
    }
  };

  channel.onMessage((received) => {
    if (!isMessage(received)) return;
    const { sluice, id = 0, name = "", payload } = received;
    if (sluice === "call") void answer(id, name, payload);
    else if (sluice === "tell") void handle(name, payload);
    else if (sluice === "answer") waiting.get(id)?.resolve(payload);
    else waiting.get(id)?.reject(errorOf(payload));
  });

  return {
    async call<T>(name: string, payload: unknown, ms: number): Promise<T> {
      const id = ++last;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const timer = setTimeout(() => reject(new Error(`no answer to ${name}`)), ms);
      waiting.set(id, { resolve, reject });
      try {
        channel.send({ sluice: "call", id, name, payload });
        return (await promise) as T;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    tell: (name, payload) => channel.send({ sluice: "tell", name, payload }),
    end() {
      for (const { reject } of waiting.values()) reject(new Error("the other process has ended"));
    },
  };
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "sluice" in value;
}

/** An error as it may be sent to another process. */
export function plainError(thrown: unknown): { code: ErrorCode; message: string } {
  const { code, message } = asSluiceError(thrown);
  return { code, message };
}

function errorOf(payload: unknown): SluiceError {
  const { code, message } = payload as ReturnType<typeof plainError>;
  return new SluiceError(code, message);
}
