// Loads every entry by `require`, as CommonJS programs do, and classifies a digit.
const assert = require('node:assert/strict');
const { useBackend } = require('@cnnzoo/core');
const { lenet5_relu } = require('@cnnzoo/lenet');
const { models } = require('@cnnzoo/resnet');

assert.ok(Object.keys(require('@cnnzoo/core/train')).length > 0);
assert.ok(Object.keys(require('@cnnzoo/core/data')).length > 0);
assert.equal(models.resnet18.name, 'resnet18');

async function main() {
  await useBackend();
  const net = await lenet5_relu.pretrained();
  const [best] = await net.classify('public/seven.png');
  assert.equal(best.label, '7');
  net.dispose();
}
main();
