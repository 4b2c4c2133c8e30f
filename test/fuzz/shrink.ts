/** A shorter input that still holds, by leaving out pieces of halving size; `holds` is asked `most` times. */
export async function shrink(
  input: Buffer,
  holds: (candidate: Buffer) => Promise<boolean>,
  most: number,
): Promise<Buffer> {
  let best = input;
  let asked = 0;
  for (let piece = Math.ceil(best.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let at = 0; at < best.length && asked < most;) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + piece)]);
      asked++;
      if (await holds(candidate)) best = candidate;
      else at += piece;
    }
  }
  return best;
}
