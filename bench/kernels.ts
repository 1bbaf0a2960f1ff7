/**
 * Times the layers of ResNet-18, ResNet-50 and VGG-16 on @cnnzoo/kernels: `npx tsx bench/kernels.ts [resnet18]
 * [resnet50] [vgg16] [--images N] [--runs N] [--threads N] [--algorithms]`. Times include copying in and out and
 * packing the filter. All runs take turns in one process; the least time of each counts.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import {
  Activation,
  type Algorithm,
  createEngine,
  DIRECT,
  directInputGradient,
  type Engine,
  filterGradient,
  filterGradientAlgorithm,
  forwardAlgorithm,
  forwardBy,
  type Geometry,
  inputGradientAlgorithm,
} from '@cnnzoo/kernels/internal';
import { nets } from './kernels/layers.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '8' },
    runs: { type: 'string', default: '9' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    algorithms: { type: 'boolean', default: false },
  },
});
const names = (positionals.length > 0 ? positionals : Object.keys(nets)) as (keyof typeof nets)[];
const [images, runs, threads] = [Number(options.images), Number(options.runs), Number(options.threads)];

type Pass = (engine: Engine) => void;

/** Returns the forward pass and both gradients, by the chosen algorithms and by the direct one. */
function passesOf(g: Geometry): Record<'chosen' | 'direct', Pass[]> {
  const random = (count: number) => Float32Array.from({ length: count }, () => Math.random() * 2 - 1);
  const x = random(g.images * g.inHeight * g.inWidth * g.inChannels);
  const dy = random(g.images * g.outHeight * g.outWidth * g.outChannels);
  const filter = random(g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels);
  const [y, dx, dFilter] = [new Float32Array(dy.length), new Float32Array(x.length), new Float32Array(filter.length)];
  const by =
    ({ floats, pack, run }: Algorithm, from: Float32Array, to: Float32Array): Pass =>
    (engine) => {
      engine.reset();
      const weights = engine.alloc(floats);
      pack(engine, filter, weights);
      engine.get(run(engine, from, weights, undefined, Activation.linear), to);
    };
  const filterBy =
    (gradient: typeof filterGradient): Pass =>
    (engine) => {
      engine.reset();
      engine.get(gradient(engine, g, x, dy), dFilter);
    };
  return {
    chosen: [
      by(forwardAlgorithm(g), x, y),
      by(inputGradientAlgorithm(g), dy, dx),
      filterBy(filterGradientAlgorithm(g)),
    ],
    direct: [by(forwardBy(DIRECT, g), x, y), by(directInputGradient(g), dy, dx), filterBy(filterGradient)],
  };
}

/**
 * Returns the least time of each function in milliseconds. They run in turn, so that other load on the machine affects
 * all of them alike.
 */
function times(all: readonly (() => void)[]): number[] {
  const least = all.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run <= runs; run++)
    for (const [i, each] of all.entries()) {
      const start = performance.now();
      each();
      // The first run compiles and is not counted.
      if (run > 0) least[i] = Math.min(least[i]!, performance.now() - start);
    }
  return least;
}

const operations = (g: Geometry): number =>
  2 * g.images * g.outHeight * g.outWidth * g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels;

const [one, several] = [await createEngine(1), await createEngine(threads)];
console.log(
  `${cpus()[0]?.model}, Node ${process.version}, ${several.relaxed ? 'relaxed SIMD' : 'SIMD'}, ${images} images. ` +
    'GFLOP/s count the multiplications of the direct algorithm.\n',
);
const compared = options.algorithms ? 'chosen over direct, 1 thread' : `1 over ${threads} threads`;
const heads = ['forward', 'input gradient', 'filter gradient'];
console.log(
  `| layer | ${heads.map((head) => `${head}: GFLOP/s, ${threads} threads (time, ${compared})`).join(' | ')} |`,
);
console.log(`|---|${heads.map(() => '---').join('|')}|`);
for (const name of names)
  for (const make of nets[name]) {
    const { name: layer, geometry } = make(images);
    const { chosen, direct } = passesOf(geometry);
    const cells = chosen.map((pass, i) => {
      const other = options.algorithms ? direct[i]! : pass;
      const [fast, single, compare] = times([() => pass(several), () => pass(one), () => other(one)]) as [
        number,
        number,
        number,
      ];
      const ratio = options.algorithms ? single / compare : single / fast;
      return `${(operations(geometry) / fast / 1e6).toFixed(0)} (${ratio.toFixed(2)})`;
    });
    console.log(`| ${name} ${layer} | ${cells.join(' | ')} |`);
  }
one.dispose();
several.dispose();
