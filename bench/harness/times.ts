// Without Node: pages measure by it too.

/** Times of one run in milliseconds. */
export interface Times {
  readonly ms: number;
  /** Processor time of all threads together. */
  readonly cpu: number;
}

/** Returns the milliseconds of processor time that the measured program has used so far. */
export type ProcessorTime = () => number | Promise<number>;

/** Times one run. */
export async function timedBy(used: ProcessorTime, work: () => Promise<unknown>): Promise<Times> {
  const before = await used();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  return { ms, cpu: (await used()) - before };
}

/** Returns the least of as many runs, 3 to 20, as `seconds` have room for, after one warm-up run. */
export async function leastBy(used: ProcessorTime, seconds: number, work: () => Promise<unknown>): Promise<Times> {
  await work();
  const end = performance.now() + seconds * 1000;
  const runs: Times[] = [];
  while (runs.length < 3 || (runs.length < 20 && performance.now() < end)) runs.push(await timedBy(used, work));
  return runs.sort((a, b) => a.ms - b.ms)[0]!;
}
