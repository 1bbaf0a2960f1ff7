/** Runs scenarios of program.ts in a process of its own, and prints their results: see node.test.ts. */
import * as program from './program.js';

const scenarios: Record<string, unknown> = { ...program };
const jobs = JSON.parse(process.argv[2]!) as [name: string, ...args: unknown[]][];
const results: unknown[] = [];
for (const [name, ...args] of jobs)
  results.push(await (scenarios[name] as (...args: unknown[]) => Promise<unknown>)(...args));
// Dawn prints faults of the device between the lines.
console.log(`\nresults: ${JSON.stringify(results)}`);
