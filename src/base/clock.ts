/** Now, in milliseconds since 1970: passed in where time matters, so that tests can set it. */
export type Clock = () => number;
export const systemClock: Clock = () => Date.now();
