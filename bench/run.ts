/**
 * Measures against peers: `pnpm bench [load] [step] [image] [groups] [kernels] [fit] [deploy] [engine] [--runs N] [--json]`. See README.md.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { deploySuite } from './deploy/suite.js';
import { engineSuite } from './engine/suite.js';
import { fitSuite } from './fit/suite.js';
import { groupsSuite } from './groups/suite.js';
import { measure, type Results, type Suite } from './harness/suite.js';
import { render } from './harness/table.js';
import { imageSuite } from './image/suite.js';
import { kernelsSuite } from './kernels/suite.js';
import { loadSuite } from './load-resnet50/suite.js';
import { stepSuite } from './step/suite.js';

const SUITES: Readonly<Record<string, { open(): Promise<Suite>; runs: number }>> = {
  load: { open: loadSuite, runs: 7 },
  image: { open: imageSuite, runs: 5 },
  step: { open: stepSuite, runs: 3 },
  groups: { open: groupsSuite, runs: 3 },
  kernels: { open: kernelsSuite, runs: 3 },
  fit: { open: fitSuite, runs: 3 },
  deploy: { open: deploySuite, runs: 3 },
  engine: { open: engineSuite, runs: 3 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const names = positionals.length > 0 ? positionals : Object.keys(SUITES);
const unknown = names.find((name) => !Object.hasOwn(SUITES, name));
const runs = values.runs === undefined ? undefined : Number(values.runs);
if (unknown !== undefined || (runs !== undefined && !(Number.isInteger(runs) && runs > 0))) {
  console.error(`expected: pnpm bench [${Object.keys(SUITES).join('] [')}] [--runs N] [--json]`);
  process.exit(2);
}

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
};
const all: Results[] = [];
if (!values.json) console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${machine.date}\n`);
for (const name of names) {
  progress(`${name}: preparing`);
  const suite = await SUITES[name]!.open();
  try {
    all.push(await measure(suite, runs ?? SUITES[name]!.runs, progress));
  } finally {
    await suite.close();
  }
  progress('');
  if (!values.json) console.log(`${render(all.at(-1)!)}\n`);
}
if (values.json) console.log(JSON.stringify({ machine, results: all }, null, 2));
