/**
 * Measures what the processor can do at most and what the kernels' convolutions reach, with argv[3] threads. argv[2] is the compiled
 * assembly/peak of @cnnzoo/kernels, first without and then with fused multiply-adds. Prints a `Measured` as JSON.
 */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import {
  Activation,
  type Algorithm,
  createEngine,
  filterGradient,
  filterGradientAlgorithm,
  forwardAlgorithm,
  type Geometry,
  inputGradientAlgorithm,
} from '@cnnzoo/kernels/internal';
import { nets, RESNET_20 } from '../kernels/layers.js';
import type { Measured, Point } from './points.js';

const RUNS = 5;
const PAGES = 1024;

/** Program of a thread that waits for the others, and computes for a while. Posts how often a second it did. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { module, pages, ready, threads, what, count } = workerData;
  const { memory, multiplyAdds, readAll } = new WebAssembly.Instance(module, { env: { abort() {} } }).exports;
  memory.grow(pages);
  new Float32Array(memory.buffer).fill(1);
  const work = what === 'multiplyAdds' ? () => multiplyAdds(count, 0.999, 0.001) : () => readAll(65536, count);
  for (let i = 0; i < 20; i++) work();
  Atomics.add(ready, 0, 1);
  while (Atomics.load(ready, 0) < threads);
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 400) {
    work();
    done++;
  }
  parentPort.postMessage((1000 * done) / (performance.now() - start));
`;

/** Returns how much a second all threads do together: the greatest of three tries. */
async function most(
  module: WebAssembly.Module,
  threads: number,
  what: 'multiplyAdds' | 'readAll',
  count: number,
  each: number,
): Promise<number> {
  let greatest = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const ready = new Int32Array(new SharedArrayBuffer(4));
    const workerData = { module, pages: PAGES, ready, threads, what, count };
    const rates = await Promise.all(
      Array.from(
        { length: threads },
        () =>
          new Promise<number>((resolve, reject) => {
            new Worker(PROGRAM, { eval: true, workerData }).once('message', resolve).once('error', reject);
          }),
      ),
    );
    greatest = Math.max(greatest, rates.reduce((sum, rate) => sum + rate, 0) * each);
  }
  return greatest;
}

const files = await Promise.all(process.argv[2]!.split(',').map(async (path) => new Uint8Array(await readFile(path))));
const threads = Number(process.argv[3]);
const fused = WebAssembly.validate(files[1]!);
const module = new WebAssembly.Module(files[fused ? 1 : 0]!);

const COUNT = 100_000;
const BYTES = (PAGES - 1) * 65536;
const peak = (await most(module, threads, 'multiplyAdds', COUNT, 2 * 48 * COUNT)) / 1e9;
const bandwidth = (await most(module, threads, 'readAll', BYTES, BYTES)) / 1e9;

const engine = await createEngine(threads);
/** Tensors lie in memory that is not shared, as in tfjs' heap. */
const heap = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
let used = 0;
function valuesOf(count: number): Float32Array {
  const at = used;
  used += 4 * count;
  const missing = used - heap.buffer.byteLength;
  if (missing > 0) heap.grow(Math.ceil(missing / 65536));
  return new Float32Array(heap.buffer, at, count);
}

function passesOf(g: Geometry): readonly [pass: Point['pass'], isWinograd: boolean, run: () => void][] {
  const sizes = [
    g.images * g.inHeight * g.inWidth * g.inChannels,
    g.images * g.outHeight * g.outWidth * g.outChannels,
    g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels,
  ];
  used = 0;
  for (const size of [...sizes, ...sizes]) valuesOf(size);
  used = 0;
  // All memory is there: the views that follow stay valid.
  const [x, dy, filter, dx, y, dFilter] = [...sizes, ...sizes].map(valuesOf) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (const values of [x, dy, filter])
    for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 2001) / 1000 - 1;
  engine.attach(heap);
  const by =
    ({ floats, pack, run }: Algorithm, from: Float32Array, to: Float32Array) =>
    () => {
      engine.reset();
      const weights = engine.alloc(floats);
      pack(engine, filter, weights);
      engine.get(run(engine, from, weights, undefined, Activation.linear), to);
    };
  const [forward, backward, gradient] = [forwardAlgorithm(g), inputGradientAlgorithm(g), filterGradientAlgorithm(g)];
  const isWinograd = ({ layout }: Algorithm) => layout.startsWith('winograd');
  return [
    ['forward', isWinograd(forward), by(forward, x, y)],
    ['input gradient', isWinograd(backward), by(backward, dy, dx)],
    [
      'filter gradient',
      gradient !== filterGradient,
      () => {
        engine.reset();
        engine.get(gradient(engine, g, x, dy), dFilter);
      },
    ],
  ];
}

const points: Point[] = [];
const layers = [
  ...Object.values(nets)
    .flat()
    .map((make) => make(8)),
  ...RESNET_20.map((make) => make(64)),
];
for (const { name, geometry: g } of layers)
  for (const [pass, isWinograd, run] of passesOf(g)) {
    // An image has no gradient.
    if (g.inChannels === 3 && pass === 'input gradient') continue;
    let ms = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= RUNS; i++) {
      const start = performance.now();
      run();
      // The first run compiles and is not counted.
      if (i > 0) ms = Math.min(ms, performance.now() - start);
    }
    const weights = g.kernelHeight * g.kernelWidth * g.inChannels;
    const outputs = g.images * g.outHeight * g.outWidth * g.outChannels;
    const floats = g.images * g.inHeight * g.inWidth * g.inChannels + outputs + weights * g.outChannels;
    points.push({
      layer: name,
      pass,
      isWinograd,
      gflops: (2 * outputs * weights) / ms / 1e6,
      intensity: (2 * outputs * weights) / (4 * floats),
    });
  }
engine.dispose();
console.log(JSON.stringify({ node: process.version, threads, fused, peak, bandwidth, points } satisfies Measured));
