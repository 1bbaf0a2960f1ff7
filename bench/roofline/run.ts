/**
 * Measures the kernels' layers against what the processor can do: `npx tsx bench/roofline/run.ts > bench/roofline/results.json`, after a
 * build. Each version of Node on one thread and on all. See ../README.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lacking, nodeProgram } from '../harness/peers.js';
import { bench, nodeScript, run } from '../harness/process.js';
import type { Measured, Roofline } from './points.js';

const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
try {
  const paths = [join(folder, 'simd.wasm'), join(folder, 'relaxed.wasm')];
  await run({ program: process.execPath, args: [join(bench, '../packages/kernels/scripts/build-peak.mjs'), ...paths] });
  const measured: Measured[] = [];
  for (const node of [20, 22, 24]) {
    const program = await nodeProgram(node);
    if (program instanceof Lacking) console.error(`Node ${node}: ${program.message}`);
    else
      for (const threads of new Set([1, availableParallelism()])) {
        console.error(`Node ${node}, threads: ${threads}`);
        const command = await nodeScript('roofline/measure.ts', [paths.join(), `${threads}`]);
        measured.push(JSON.parse(await run({ ...command, program })) as Measured);
      }
  }
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    date: new Date().toISOString().slice(0, 10),
  };
  const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? Math.round(10 * value) / 10 : value);
  console.log(JSON.stringify({ machine, measured } satisfies Roofline, rounded, 2));
} finally {
  await rm(folder, { recursive: true, force: true });
}
