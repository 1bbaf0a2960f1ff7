import { readFileSync } from 'node:fs';

/** Report of a measured process, printed as the last line of its output. */
export interface Report {
  readonly ms: number;
  /** Milliseconds of processor time of all threads together. */
  readonly cpu: number;
  /** Peak resident memory in bytes. */
  readonly peak: number;
  /** Further times in milliseconds, by name. */
  readonly figures?: Readonly<Record<string, number>>;
}

/**
 * Returns the peak resident memory of this process in bytes. On Linux `maxRSS` includes that of the parent process, so
 * the process's own high-water mark is read instead.
 */
function peakMemory(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Other systems have no such file.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Measures `work` and prints the report. The result of `work` is held until the memory is read. */
export async function report(work: () => Promise<unknown>): Promise<void> {
  const used = process.cpuUsage();
  const start = performance.now();
  const held = [await work()];
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  const peak = peakMemory();
  held.pop();
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, peak } satisfies Report));
}

/** Prints times that the caller has measured. */
export const reportTimes = (times: Omit<Report, 'peak'>): void =>
  console.log(JSON.stringify({ ...times, peak: peakMemory() } satisfies Report));

/** Prints the median of `count` runs, after one warm-up run. */
export const reportMedian = (count: number, work: () => Promise<unknown>): Promise<void> =>
  reportOne(count, 1, work, count >> 1);

/**
 * Prints the least of `count` runs, after two warm-up runs. Other load on the machine affects the least time the least.
 */
export const reportLeast = (count: number, work: () => Promise<unknown>): Promise<void> => reportOne(count, 2, work, 0);

async function reportOne(count: number, warmUps: number, work: () => Promise<unknown>, rank: number): Promise<void> {
  for (let i = 0; i < warmUps; i++) await work();
  const runs: Times[] = [];
  for (let i = 0; i < count; i++) runs.push(await timed(work));
  reportTimes(runs.sort((a, b) => a.ms - b.ms)[rank]!);
}

type Times = Pick<Report, 'ms' | 'cpu'>;

/** Times one run. */
export async function timed(work: () => Promise<unknown>): Promise<Times> {
  const used = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  return { ms, cpu: (user + system) / 1000 };
}

/** Returns the least of as many runs, 3 to 20, as `seconds` have room for, after one warm-up run. */
export async function leastWithin(seconds: number, work: () => Promise<unknown>): Promise<Times> {
  await work();
  const end = performance.now() + seconds * 1000;
  const runs: Times[] = [];
  while (runs.length < 3 || (runs.length < 20 && performance.now() < end)) runs.push(await timed(work));
  return runs.sort((a, b) => a.ms - b.ms)[0]!;
}
