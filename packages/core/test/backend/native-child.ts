/** Computes the same on tfjs-node and on wasm, in a process that finds tfjs-node. Run by native.test.ts. */

import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../../src/backend/use-backend.js';
import { fromTensors } from '../../src/data/pixels-dataset.js';
import { stateDict } from '../../src/state-dict/state-dict.js';
import { train } from '../../src/train/loop/train.js';
import { sgd } from '../../src/train/optim/sgd.js';
import { Random } from '../../src/util/random.js';

/**
 * Returns the logits, the loss, and the change of every weight in one step with learning rate 1, on eight random
 * images.
 */
async function compute(build: () => LayersModel, shape: [number, number, number]): Promise<Float32Array[]> {
  const random = new Random(1);
  const [h, w, c] = shape;
  const x = tf.tensor4d(random.fillNormal(new Float32Array(8 * h * w * c)), [8, h, w, c]);
  const y = tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7], 'int32');
  const net = build();
  const logits = net.predict(x) as tf.Tensor;
  const results = [(await logits.data()) as Float32Array];
  const categories = Array.from({ length: 10 }, (_, i) => `${i}`);
  const data = await fromTensors(x, y, { categories });
  const before = await stateDict(net);
  for await (const { loss } of train(net, data, { optimizer: sgd({ lr: 1 }), batchSize: 8, random }))
    results.push(Float32Array.of(loss));
  for (const [key, { data: after }] of await stateDict(net)) {
    const values = before.get(key)!.data as Float32Array;
    results.push((after as Float32Array).map((value, i) => value - values[i]!));
  }
  tf.dispose([x, y, logits]);
  net.dispose();
  return results;
}

/** Returns the length of the difference, relative to the vector's length. */
function distance(expected: Float32Array, received: Float32Array): number {
  let [squares, total] = [0, 0];
  for (const [i, value] of expected.entries()) {
    squares += (value - received[i]!) ** 2;
    total += value ** 2;
  }
  return Math.sqrt(squares / total);
}

const nets = {
  lenet5_relu: () => compute(() => lenet5_relu({ seed: 1 }), [28, 28, 1]),
  resnet18: () => compute(() => resnet18({ seed: 1, inputShape: [64, 64, 3], numClasses: 10 }), [64, 64, 3]),
};

const differences: Record<string, { forward: number; step: number }> = {};
const backends: string[] = [];
for (const [name, results] of Object.entries(nets)) {
  const both: Float32Array[][] = [];
  for (const backend of ['tfjs-node', 'wasm'] as const) {
    await useBackend(backend);
    backends.push(tf.getBackend());
    both.push(await results());
  }
  const [native, wasm] = both as [Float32Array[], Float32Array[]];
  const distances = native.map((values, i) => distance(values, wasm[i]!));
  differences[name] = { forward: Math.max(...distances.slice(0, 2)), step: Math.max(...distances.slice(2)) };
}
console.log(JSON.stringify({ differences, backends }));
