import { randomFillSync } from "node:crypto";

const BLOCK = 512;
/** What is around the payload. */
const FRAME = 4284;

/** A .deb (deb(5)) of `size` bytes (or as small as it can be), whose one file does not compress. Good enough for dpkg; made in memory, since thousands are needed. */
export function makeDeb(name: string, version: string, size: number): Buffer {
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: Bench <bench@example.org>\nDescription: made for a measurement\n`;
  const payload = randomFillSync(Buffer.allocUnsafe(Math.max(0, size - FRAME)));
  return Buffer.concat([
    Buffer.from("!<arch>\n"),
    ...member("debian-binary", Buffer.from("2.0\n")),
    ...member("control.tar", tar("./control", Buffer.from(control))),
    ...member("data.tar", tar(`./usr/share/${name}/payload`, payload)),
  ]);
}

/** A member of an ar archive (ar(5)), padded to an even length. */
function member(name: string, content: Buffer): Buffer[] {
  const head = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(content.length).padEnd(10)}\`\n`;
  return [Buffer.from(head), content, Buffer.alloc(content.length % 2, "\n")];
}

/** A tar archive (POSIX ustar) of one file. */
function tar(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void =>
    void head.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
  head.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  head.write("        0", 148);
  head.write("ustar\x0000", 257);
  octal(
    head.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  const pad = Buffer.alloc(-content.length & (BLOCK - 1));
  return Buffer.concat([head, content, pad, Buffer.alloc(2 * BLOCK)]);
}
