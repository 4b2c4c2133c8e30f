/** A file or folder (a name that ends in `/`) of a tar archive. */
export interface TarMember {
  readonly name: string;
  readonly content?: string;
}

const BLOCK = 512;

/** A ustar archive (POSIX pax(1)) of small files, owned by root, all of one time. */
export function tar(members: readonly TarMember[], seconds: number): Buffer {
  const blocks = members.flatMap(({ name, content = "" }) => {
    const bytes = Buffer.from(content);
    const padding = Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK);
    return [header(name, bytes.length, seconds), bytes, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number, seconds: number): Buffer {
  const folder = name.endsWith("/");
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0, 100);
  block.write(octal(folder ? 0o755 : 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(seconds, 11), 136);
  block.write(" ".repeat(8), 148);
  block.write(folder ? "5" : "0", 156);
  block.write("ustar\x0000", 257);
  block.write("root", 265);
  block.write("root", 297);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
