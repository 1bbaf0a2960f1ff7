/**
 * Runs the convolutions of ResNet-18, ResNet-50 and VGG-16 on 8 images through tfjs: forward and both gradients, each
 * kind once. `CNNZOO_THREADS` sets the number of threads. Prints the sum of the least times.
 */
import '@tensorflow/tfjs-backend-wasm';
import { accelerate } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { reportTimes } from '../harness/report.js';
import { nets } from './layers.js';

const IMAGES = 8;
const RUNS = 3;

await tf.setBackend('wasm');
await accelerate();

function passesOf(g: ReturnType<(typeof nets)['vgg16'][number]>['geometry']): (() => tf.Tensor)[] {
  const random = (shape: number[]) => tf.randomUniform(shape, -1, 1, 'float32', 1);
  const inputShape = [g.images, g.inHeight, g.inWidth, g.inChannels];
  const filterShape = [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels];
  const x = random(inputShape);
  const dy = random([g.images, g.outHeight, g.outWidth, g.outChannels]);
  const filter = random(filterShape);
  const attributes = {
    stride: [g.strideHeight, g.strideWidth],
    padding: [
      [g.top, g.top],
      [g.left, g.left],
    ],
    dilation: [1, 1],
    groups: 1,
  };
  const run = (name: string, inputs: tf.NamedTensorMap, more: object) =>
    tf.engine().runKernel(name, inputs, { ...attributes, ...more } as unknown as tf.NamedAttrMap) as tf.Tensor;
  return [
    () => run('CnnzooConv2D', { x, filter }, {}),
    () => run('CnnzooConv2DBackpropInput', { dy, filter }, { inputShape }),
    () => run('CnnzooConv2DBackpropFilter', { x, dy }, { filterShape }),
  ];
}

let ms = 0;
const used = process.cpuUsage();
for (const make of Object.values(nets).flat()) {
  tf.tidy(() => {
    for (const pass of passesOf(make(IMAGES).geometry)) {
      let least = Number.POSITIVE_INFINITY;
      for (let run = 0; run <= RUNS; run++) {
        const start = performance.now();
        pass().dispose();
        if (run > 0) least = Math.min(least, performance.now() - start);
      }
      ms += least;
    }
  });
}
const { user, system } = process.cpuUsage(used);
reportTimes({ ms, cpu: (user + system) / 1000 });
