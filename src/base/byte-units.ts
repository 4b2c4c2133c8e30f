/** Bytes of each unit in which people write sizes. */
export const BYTE_UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ["B", 1],
  ["kB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
];
