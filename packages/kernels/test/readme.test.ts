import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it } from 'vitest';
import { accelerate } from '../src/index.js';

it('the tables of the README name every kernel, and no other', async () => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const cells = [...text.slice(text.indexOf('## Kernels')).matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell!);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  await tf.setBackend('wasm');
  const { kernels, dispose } = await accelerate({ threads: 1 });
  dispose();
  expect(named.toSorted()).toEqual(kernels.toSorted());
});
