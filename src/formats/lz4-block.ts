/** How far back a match may reach. */
export const WINDOW = 65536;

/**
 * Decodes one LZ4 block (lz4_Block_format.md) to `out` from `start` on, where the bytes before `start` are
 * the history that matches may reach into, and gives the end. Undefined where the block is damaged or needs
 * more room than `out` has.
 */
export function decodeLz4Block(block: Buffer, out: Buffer, start: number): number | undefined {
  const length = block.length;
  let at = 0;
  let to = start;
  while (at < length) {
    const token = block[at++] ?? 0;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (at >= length) return undefined;
        more = block[at++] ?? 0;
        literals += more;
      }
    }
    if (literals > length - at || literals > out.length - to) return undefined;
    block.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    // The last sequence has literals only.
    if (at === length) return to;
    if (at + 2 > length) return undefined;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    let size = (token & 15) + 4;
    if (size === 19) {
      let more = 255;
      while (more === 255) {
        if (at >= length) return undefined;
        more = block[at++] ?? 0;
        size += more;
      }
    }
    if (distance === 0 || distance > to || size > out.length - to) return undefined;
    if (distance >= size && size > 32) out.copyWithin(to, to - distance, to - distance + size);
    else for (let index = 0; index < size; index++) out[to + index] = out[to + index - distance] ?? 0;
    to += size;
  }
  return undefined;
}
