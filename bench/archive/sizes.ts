/** `count` file sizes, log-normal as those of a real pool are, whose sum is about `total`; the same each time, in an order without a trend. */
export function spreadSizes(count: number, total: number, sigma: number): number[] {
  const raw = Array.from({ length: count }, (_, at) => Math.exp(sigma * quantile((at + 0.5) / count)));
  const sum = raw.reduce((all, one) => all + one, 0);
  const sizes = raw.map((one) => Math.max(1, Math.round((one / sum) * total)));
  // A step that has no factor in common with the count visits each once.
  const step = coprime(Math.round(count * 0.618), count);
  return sizes.map((_, at) => sizes[(at * step) % count] ?? 1);
}

function coprime(from: number, count: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  for (let step = Math.max(1, from); ; step++) if (divisor(step, count) === 1) return step;
}

/** The standard normal distribution's quantile by bisection of its logistic approximation; good to a per cent. */
function quantile(p: number): number {
  let low = -6;
  let high = 6;
  for (let turn = 0; turn < 40; turn++) {
    const x = (low + high) / 2;
    if (1 / (1 + Math.exp(-1.5976 * x - 0.07056 * x ** 3)) < p) low = x;
    else high = x;
  }
  return low;
}
