/** Runs the grouped convolutions of a ResNeXt-50 32x4d on one image of 224 px: grouped.ts core|split|dense|patches */
import { buildModel, sameConv, useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { reportMedian } from '../harness/report.js';
import { dense, type Grouped, patches, split } from './alternatives.js';

/** Side in pixels, channels, stride, and number of such layers in the net. */
const LAYERS = [
  [56, 128, 1, 3],
  [56, 256, 2, 1],
  [28, 256, 1, 3],
  [28, 512, 2, 1],
  [14, 512, 1, 5],
  [14, 1024, 2, 1],
  [7, 1024, 1, 2],
] as const;
const GROUPS = 32;

await useBackend('wasm');
const [way] = process.argv.slice(2);

const alternatives: Readonly<Record<string, Grouped>> = { split, dense, patches };
const runs = LAYERS.flatMap(([size, channels, stride, count]) => {
  const x = tf.randomUniform<tf.Rank.R4>([1, size, size, channels], -1, 1, 'float32', 1);
  const layer = sameConv(channels, 3, { stride, groups: GROUPS, bias: false });
  const net = buildModel('grouped', (image) => layer(image, 'conv'), [size, size, channels]);
  const weight = net.getLayer('conv').getWeights()[0] as tf.Tensor4D;
  const grouped = alternatives[way!];
  const run = () => (grouped ? grouped(x, weight, GROUPS, stride) : (net.predict(x) as tf.Tensor));
  return Array.from({ length: count }, () => run);
});

await reportMedian(5, async () => {
  for (const run of runs) {
    const y = tf.tidy(run);
    await y.data();
    y.dispose();
  }
});
