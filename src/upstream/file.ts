import { constants } from "node:fs";
import type { BigIntStats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { pathFault } from "../base/path.ts";
import { SluiceError } from "../base/errors.ts";
import { bodyOf } from "./body.ts";
import type { FetchReply, FetchRequest, Transport, Validators } from "./contract.ts";

/**
 * An upstream in a folder. Symbolic links are followed where they stay in the folder. Validators are made of
 * time and size. Throws `config_invalid`; from fetch `path_refused`, `redirect_refused`,
 * `upstream_unreachable` (no such folder), `upstream_refused`.
 */
export function fileTransport(options: { readonly url: string }): Transport {
  const { url, folder } = parseBase(options.url);
  let requests = 0;
  return {
    name: url.href,
    get requests() {
      return requests;
    },
    async fetch(request) {
      request.signal?.throwIfAborted();
      requests++;
      try {
        return await fetchFile(url, folder, request);
      } catch (error) {
        throw translate(error, `${url.href}${request.from}`);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function fetchFile(base: URL, folder: string, request: FetchRequest): Promise<FetchReply> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw isMissing(error)
      ? new SluiceError("upstream_unreachable", `There is no folder ${folder}: check the upstream's URL.`)
      : error;
  });
  const path = await inside(root, relativePath(base, request.from)).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  // Looked at before it is opened: opening a pipe would wait for a writer.
  if (path === undefined || !(await stat(path)).isFile()) return { status: "absent" };
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const info = await handle.stat({ bigint: true });
    const validators = validatorsOf(info);
    const { offset = 0 } = request;
    if (offset === 0 && isUnchanged(request.validators, validators)) {
      await handle.close();
      return { status: "unchanged" };
    }
    const size = Number(info.size);
    const same = request.validators?.etag === undefined || request.validators.etag === validators.etag;
    const start = same && offset < size ? offset : 0;
    const body = contentOf(handle, start, size, { request, name: base.href + request.from });
    return { status: "ok", body, start, length: size - start, validators };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function contentOf(
  handle: FileHandle,
  start: number,
  size: number,
  { request, name }: { request: FetchRequest; name: string },
): AsyncIterable<Uint8Array> {
  const options = { start, end: size - 1, highWaterMark: 256 * 1024 };
  const stream = size === 0 ? emptied(handle) : handle.createReadStream(options);
  if (request.signal !== undefined) {
    const { signal } = request;
    const stop = () => stream.destroy(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    stream.once("close", () => signal.removeEventListener("abort", stop));
  }
  // Without a listener, an error that comes before the reader does would end the process.
  stream.on("error", () => undefined);
  return bodyOf(stream, size - start, (error, received) => {
    if (request.signal?.aborted === true) return request.signal.reason as Error;
    if (error !== undefined) return translate(error, name);
    return new SluiceError(
      "upstream_unreachable",
      `${name} ended after ${String(received)} bytes: it was changed.`,
    );
  });
}

function emptied(handle: FileHandle): Readable {
  return new Readable({
    read() {
      this.push(null);
    },
    destroy(error, done) {
      handle.close().then(() => done(error), done);
    },
  });
}

function parseBase(text: string): { url: URL; folder: string } {
  try {
    const url = new URL(text);
    if (url.search !== "" || url.hash !== "") throw new Error("query or fragment");
    const folder = fileURLToPath(url);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return { url, folder };
  } catch (error) {
    throw new SluiceError(
      "config_invalid",
      `'${text}' is not a file:///folder URL: correct the upstream's URL.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The decoded path below the base. Throws `redirect_refused` for another place, `path_refused` for a path
 * that is not plain.
 */
function relativePath(base: URL, from: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(from);
  if (absolute && !from.startsWith(base.href))
    throw new SluiceError("redirect_refused", `${base.href} names ${from}, which is another place: refused.`);
  const encoded = absolute ? from.slice(base.href.length) : from;
  const fault = (why: string) =>
    new SluiceError("path_refused", `'${from}' of ${base.href} ${why}: refused.`);
  const segments = encoded.split("/").map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      throw fault("is not percent-encoded");
    }
  });
  if (segments.some((segment) => segment.includes("/"))) throw fault("holds an encoded slash");
  const path = segments.join("/");
  const why = pathFault(path);
  if (why !== undefined) throw fault(why);
  return path;
}

/** The real path of a file below the real folder; throws `path_refused` where a link leads out of it. */
async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(join(root, path));
  const prefix = root.endsWith(sep) ? root : root + sep;
  if (!real.startsWith(prefix))
    throw new SluiceError("path_refused", `'${path}' is a link that leads out of ${root}: refused.`);
  return real;
}

function validatorsOf(info: BigIntStats): Validators {
  return {
    etag: `"${info.mtimeNs.toString(16)}-${info.size.toString(16)}"`,
    lastModified: info.mtime.toUTCString(),
  };
}

function isUnchanged(asked: Validators | undefined, now: Validators): boolean {
  if (asked?.etag !== undefined) return asked.etag === now.etag;
  return asked?.lastModified !== undefined && asked.lastModified === now.lastModified;
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function translate(error: unknown, name: string): Error {
  if (error instanceof SluiceError || !(error instanceof Error)) return error as Error;
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  if (code === "EACCES" || code === "EPERM")
    return new SluiceError("upstream_refused", `No permission to read ${name}: check its owner and mode.`, {
      cause: error,
    });
  return new SluiceError("upstream_unreachable", `Cannot read ${name} (${code}).`, { cause: error });
}
