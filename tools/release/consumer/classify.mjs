// Classifies a digit by the files of graphs, in a project that has no TensorFlow.js.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { openClassifier } from '@cnnzoo/deploy/classify';

const { resolve } = createRequire(import.meta.resolve('@cnnzoo/deploy/classify'));
for (const name of ['tfjs-core', 'tfjs-layers', 'tfjs-backend-wasm'])
  assert.throws(() => resolve(`@tensorflow/${name}`), { code: 'MODULE_NOT_FOUND' });

const expected = JSON.parse(await readFile('expected.json', 'utf8'));
for (const [name, predictions] of Object.entries(expected))
  for (const threads of [1, 2]) {
    const net = await openClassifier(`${name}.safetensors`, { threads });
    assert.deepEqual(await net.classify('public/seven.png'), predictions, `${name}, ${threads} threads`);
    await net.dispose();
  }
