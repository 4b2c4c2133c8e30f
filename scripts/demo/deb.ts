import { createHash } from "node:crypto";
import { posix } from "node:path";
import { gzipSync } from "node:zlib";
import { tar, type TarMember } from "./tar.ts";

export interface MadePackage {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Its path in the repository. */
  readonly path: string;
  /** The one file that it installs, without a slash at the beginning. */
  readonly installs: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** Its paragraph of the Packages index. */
  readonly stanza: string;
}

/** A valid .deb (deb(5)) for all architectures, without dependencies and scripts, that holds one text file. */
export function makePackage(
  name: string,
  version: string,
  description: string,
  seconds: number,
): MadePackage {
  const installs = `usr/share/${name}/README`;
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: The demo <demo@example.org>",
    "Section: misc",
    "Priority: optional",
    `Description: ${description}`,
  ].join("\n");
  const bytes = ar(
    [
      ["debian-binary", Buffer.from("2.0\n")],
      ["control.tar.gz", gzipSync(tar([{ name: "./control", content: `${control}\n` }], seconds))],
      [
        "data.tar.gz",
        gzipSync(
          tar([...foldersOf(installs), { name: `./${installs}`, content: `${description}\n` }], seconds),
        ),
      ],
    ],
    seconds,
  );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = `pool/main/${name}_${version}_all.deb`;
  const stanza = `${control}\nFilename: ${path}\nSize: ${bytes.length}\nSHA256: ${sha256}\n`;
  return { name, version, description, path, installs, bytes, sha256, stanza };
}

/** dpkg wants each folder before what is in it. */
function foldersOf(path: string): TarMember[] {
  const parts = posix.dirname(path).split("/");
  return ["./", ...parts.map((_part, at) => `./${parts.slice(0, at + 1).join("/")}/`)].map((name) => ({
    name,
  }));
}

/** The common ar format (deb(5)): a header of 60 bytes before each member, members at even offsets. */
function ar(members: readonly (readonly [string, Buffer])[], seconds: number): Buffer {
  const parts = members.flatMap(([name, bytes]) => [
    Buffer.from(
      [
        name.padEnd(16),
        String(seconds).padEnd(12),
        "0".padEnd(6),
        "0".padEnd(6),
        "100644".padEnd(8),
        String(bytes.length).padEnd(10),
        "`\n",
      ].join(""),
    ),
    bytes,
    Buffer.from(bytes.length % 2 === 0 ? "" : "\n"),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}
