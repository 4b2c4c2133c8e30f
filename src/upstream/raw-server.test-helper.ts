import { createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

type Answer = (path: string, seen: Seen) => string | undefined;

/** What the server knows of the connection that a request came on. */
export interface Seen {
  readonly socket: Socket;
  /** Paths of the requests that have come on it, this one included. */
  readonly paths: string[];
  /** Those of them that came in one piece with this one, and after it. */
  readonly behind: number;
  /** And before it. */
  readonly before: number;
}

/** A server below HTTP: it answers each request with what `answer` gives, in one piece for those that came in one piece, as `arrange` has them. */
export async function rawServer(
  t: TestContext,
  answer: Answer,
  arrange: (answers: readonly string[]) => readonly string[] = (answers) => answers,
) {
  const sockets: Socket[] = [];
  const asked: string[] = [];
  let most = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    const paths: string[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const found = [...data.toString("latin1").matchAll(/^GET (\S+) HTTP/gm)].map(([, path = ""]) => path);
      most = Math.max(most, found.length);
      const said: string[] = [];
      for (const [at, path] of found.entries()) {
        asked.push(path);
        paths.push(path);
        said.push(answer(path, { socket, paths, behind: found.length - at - 1, before: at }) ?? "");
      }
      if (!socket.destroyed) socket.write(arrange(said).join(""));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, sockets, asked, most: () => most };
}

/** An answer with this text as its body. */
export function ok(text: string, ...more: string[]): string {
  return ["HTTP/1.1 200 OK", `Content-Length: ${text.length}`, ...more, "", text].join("\r\n");
}
