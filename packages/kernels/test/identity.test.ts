import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 1 });
});
afterAll(() => acceleration.dispose());

it('a clone shares the data, and each outlives the other', () => {
  const before = tf.memory();
  for (const first of [0, 1]) {
    const x = tf.tensor1d([1, 2, 3]);
    const pair = [x, tf.clone(x)];
    expect(pair[1]!.dataId).toBe(x.dataId);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers + 1);
    pair[first]!.dispose();
    expect([...pair[1 - first]!.dataSync()]).toEqual([1, 2, 3]);
    pair[1 - first]!.dispose();
  }
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
});

it('clones of every dtype, strings too', () => {
  tf.tidy(() => {
    expect([...tf.clone(tf.tensor1d([1, 2], 'int32')).dataSync()]).toEqual([1, 2]);
    expect([...tf.clone(tf.tensor1d([true, false], 'bool')).dataSync()]).toEqual([1, 0]);
    expect([...tf.clone(tf.tensor1d(['a', 'b'])).dataSync()]).toEqual(['a', 'b']);
  });
});

it('a cast to the same dtype shares the data, another one converts', () => {
  tf.tidy(() => {
    const x = tf.tensor1d([1.5, 0, -2]);
    expect(tf.cast(x, 'float32').dataId).toBe(x.dataId);
    const integers = tf.cast(x, 'int32');
    expect([...integers.dataSync()]).toEqual([1, 0, -2]);
    expect(tf.cast(integers, 'int32').dataId).toBe(integers.dataId);
    expect([...tf.cast(tf.tensor1d([true, false], 'bool'), 'float32').dataSync()]).toEqual([1, 0]);
  });
});

it('a variable that is assigned leaves its clones as they were', () => {
  tf.tidy(() => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const clone = tf.clone(variable);
    variable.assign(tf.tensor1d([3, 4]));
    expect([...clone.dataSync()]).toEqual([1, 2]);
    variable.dispose();
  });
});
