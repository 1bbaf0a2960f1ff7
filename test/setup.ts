import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

// Every tensor has an owner: a test fails if it ends with more tensors than it began with.
const alive = (): number => (tf.engine().backendName ? tf.memory().numTensors : 0);
let before = 0;

beforeEach(() => {
  before = alive();
});

afterEach(() => {
  expect(alive(), 'tensors alive after the test, against before it').toBeLessThanOrEqual(before);
});
