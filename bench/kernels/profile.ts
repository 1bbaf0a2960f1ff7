/**
 * Profiles kernels: `npx tsx bench/kernels/profile.ts [step] [resnet50] [vgg16] [--shapes]`, after a build. Prints the
 * time in each kernel of the wasm backend during the fastest of several runs; with `--shapes`, for each shape of its
 * inputs.
 */
import { parseArgs } from 'node:util';
import { useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { resnet18, resnet50 } from '@cnnzoo/resnet';
import { vgg16 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { shapes: { type: 'boolean', default: false }, runs: { type: 'string', default: '12' } },
});
const RUNS = Number(options.runs);

type Work = () => Promise<unknown>;

const inference = (make: typeof resnet50 | typeof vgg16) => async (): Promise<Work> => {
  const net = make({ seed: 0 });
  const image = tf.randomUniform([1, 224, 224, 3], -2, 2, 'float32', 1);
  return async () => {
    const logits = net.predict(image) as tf.Tensor;
    await logits.data();
    logits.dispose();
  };
};

async function step(): Promise<Work> {
  const images = tf.randomUniform<tf.Rank.R4>([8, 224, 224, 3], -2, 2, 'float32', 1);
  const data = await fromTensors(images, tf.range(0, 8, 1, 'int32') as tf.Tensor1D);
  const optimizer = sgd({ lr: 0.01, momentum: 0.9 });
  const steps = train(resnet18({ seed: 0 }), data, { optimizer, batchSize: 8, epochs: RUNS + 3 });
  return () => steps.next();
}

const works = { step, resnet50: inference(resnet50), vgg16: inference(vgg16) };

interface Entry {
  ms: number;
  calls: number;
}
let entries = new Map<string, Entry>();
let depth = 0;

/** Kernels that a kernel calls are counted as part of it. */
function wrap(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel({
    ...kernel,
    kernelFunc: (args) => {
      if (depth > 0) return kernel.kernelFunc(args);
      depth++;
      const start = performance.now();
      try {
        return kernel.kernelFunc(args);
      } finally {
        depth--;
        const shapes = Object.values(args.inputs).map((input) => `[${(input as tf.Tensor)?.shape ?? ''}]`);
        const name = options.shapes ? `${kernel.kernelName} ${shapes.join(' ')}` : kernel.kernelName;
        const entry = entries.get(name) ?? { ms: 0, calls: 0 };
        entries.set(name, { ms: entry.ms + performance.now() - start, calls: entry.calls + 1 });
      }
    },
  });
}

await useBackend('wasm');
for (const kernel of tf.getKernelsForBackend('wasm')) wrap(kernel);

const names = positionals.length > 0 ? positionals : Object.keys(works);
for (const name of names) {
  const work = await works[name as keyof typeof works]();
  let [least, best] = [Number.POSITIVE_INFINITY, entries];
  for (let run = 0; run < RUNS + 2; run++) {
    entries = new Map();
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    if (run > 1 && ms < least) [least, best] = [ms, entries];
  }
  console.log(`\n${name}: ${least.toFixed(1)} ms`);
  const sorted = [...best].sort(([, a], [, b]) => b.ms - a.ms).slice(0, options.shapes ? 40 : 20);
  for (const [kernel, { ms, calls }] of sorted) console.log(`${ms.toFixed(1).padStart(9)}  ${calls}x ${kernel}`);
  const inside = [...best.values()].reduce((sum, { ms }) => sum + ms, 0);
  console.log(`${(least - inside).toFixed(1).padStart(9)}  outside kernels`);
}
process.exit(0);
