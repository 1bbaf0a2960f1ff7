// Loads every entry by `import`, and classifies a digit without sharp.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { CnnzooError, compile, loadStateDict, stateDict, summary, useBackend } from '@cnnzoo/core';
import * as data from '@cnnzoo/core/data';
import * as train from '@cnnzoo/core/train';
import { lenet5_relu, models } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';

assert.throws(() => createRequire(import.meta.resolve('@cnnzoo/core')).resolve('sharp'), { code: 'MODULE_NOT_FOUND' });
assert.throws(() => resnet18({ numClasses: 10, inputShape: [32, 32, 3] }), CnnzooError);
assert.ok(Object.keys(train).length > 0 && Object.keys(data).length > 0);
assert.deepEqual(Object.keys(models), ['lenet5', 'lenet5_relu']);

const net = await lenet5_relu.pretrained();
assert.equal(tf.getBackend(), 'wasm');
for (const file of ['public/seven.png', 'public/seven.jpg', 'public/seven.webp']) {
  const [best] = await net.classify(file);
  assert.equal(best.label, '7', file);
}
assert.equal((await net.embed('public/seven.png')).length, 84);
// @cnnzoo/deploy is not installed here.
await assert.rejects(compile(net, { engine: 'kernels' }), { code: 'BACKEND', message: /pnpm add @cnnzoo\/deploy/ });
net.dispose();

await useBackend();
const untrained = resnet18({ numClasses: 10, inputShape: [32, 32, 3] });
assert.equal(summary(untrained).parameters, 11181642);
await loadStateDict(untrained, await stateDict(untrained));
untrained.dispose();
