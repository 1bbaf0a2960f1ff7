import { readFileSync } from 'node:fs';
import { type Times, timedBy } from './times.js';

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

/** Returns the peak resident memory of a process in bytes; undefined on systems other than Linux. */
export function peakMemoryOf(id: number | 'self'): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // Other systems have no such file, and processes end.
    return undefined;
  }
}

/**
 * Returns the peak resident memory of this process in bytes. On Linux `maxRSS` includes that of the parent process, so
 * the process's own high-water mark is read instead.
 */
const peakMemory = (): number => peakMemoryOf('self') ?? process.resourceUsage().maxRSS * 1024;

/** Measures `work` and prints the report. The result of `work` is held until the memory is read. */
export async function report(work: () => Promise<unknown>): Promise<void> {
  const held: unknown[] = [];
  const times = await timed(async () => held.push(await work()));
  const peak = peakMemory();
  held.pop();
  console.log(JSON.stringify({ ...times, peak } satisfies Report));
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

/** Milliseconds of processor time that this process has used, all threads together. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Times one run in this process. */
export const timed = (work: () => Promise<unknown>): Promise<Times> => timedBy(processorTime, work);
