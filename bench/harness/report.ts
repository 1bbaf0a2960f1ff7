import { readFileSync } from 'node:fs';

/** What a measured process says of itself, as the last line of its output. */
export interface Report {
  readonly ms: number;
  /** Milliseconds of processor time, of all threads. */
  readonly cpu: number;
  /** Peak resident memory, in bytes. */
  readonly peak: number;
}

/**
 * Peak resident memory of this process. Linux carries `maxRSS` over from the process that started this one, so its own
 * high-water mark is taken where there is one.
 */
function peakMemory(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Measures `work` and reports. What it gives is held until the memory is read. */
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

/** Reports what the caller has measured. */
export const reportTimes = (times: Pick<Report, 'ms' | 'cpu'>): void =>
  console.log(JSON.stringify({ ...times, peak: peakMemory() } satisfies Report));

/** Reports the middle one of `count` runs, after one that warms up. */
export const reportMedian = (count: number, work: () => Promise<unknown>): Promise<void> =>
  reportOne(count, 1, work, count >> 1);

/** Reports the least of `count` runs, after two that warm up: what the machine's other work disturbs least. */
export const reportLeast = (count: number, work: () => Promise<unknown>): Promise<void> => reportOne(count, 2, work, 0);

async function reportOne(count: number, warmUps: number, work: () => Promise<unknown>, rank: number): Promise<void> {
  for (let i = 0; i < warmUps; i++) await work();
  const runs: { ms: number; cpu: number }[] = [];
  for (let i = 0; i < count; i++) {
    const used = process.cpuUsage();
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    runs.push({ ms, cpu: (user + system) / 1000 });
  }
  reportTimes(runs.sort((a, b) => a.ms - b.ms)[rank]!);
}
