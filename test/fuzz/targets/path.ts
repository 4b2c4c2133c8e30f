import { posix } from "node:path";
import { checkPath, encodePath, pathFault } from "../../../src/base/path.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** The grammar of paths: what it takes never leaves the folder, holds no control character, and is the one way to write it. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "pool/main/a/apt/apt_2.9~1+b1_amd64.deb",
      "./dists/x/InRelease",
      "a b/ä…/%2e%2e/c",
      "...",
      "a/..b/.c",
    ],
    words: [
      "..",
      ".",
      "/",
      "./",
      "../",
      "\\",
      "%2e",
      "a",
      "\u0000",
      "\u0085",
      "é",
      "x".repeat(255),
      "x".repeat(256),
      "a/".repeat(2048),
    ],
    run(input) {
      // As text of a file, and as any string: there, halves of a pair may stand alone.
      const any = input.subarray(0, input.length & ~1).toString("utf16le");
      if (pathFault(any) === undefined) hold(any);
      hold(checkPath(input.toString(), "The index"));
    },
  };
}

function hold(path: string): void {
  must(!/[\u0000-\u001f\u007f-\u009f\\]/.test(path), "no control character");
  must(path !== "" && !path.startsWith("/") && !path.endsWith("/"), "relative");
  must(posix.normalize(path) === path, "it is the one way to write it");
  must(posix.join("/root", path).startsWith("/root/"), "it stays in the folder");
  must(checkPath(path, "x") === path, "what was taken is taken again");
  must(
    path.split("/").every((segment) => Buffer.byteLength(segment) <= 255),
    "names that a disk takes",
  );
  const url = new URL(encodePath(path), "http://h/base/");
  must(url.href.startsWith("http://h/base/") && url.search === "" && url.hash === "", "it stays in the URL");
  must(decodeURIComponent(url.pathname.slice("/base/".length)) === path, "the URL is of this path");
}
