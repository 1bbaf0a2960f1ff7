import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { relativeError as measure } from './harness/parity.js';

/** Computes the harness's relative error for arrays that must have the same length. */
export function relativeError(received: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(received.length).toBe(expected.length);
  return measure(received, expected);
}

/** Expects the tensor to have the shape, and its values to be within the relative bound. Disposes of nothing. */
export function expectClose(
  tensor: Tensor,
  expected: { shape: readonly number[]; data: ArrayLike<number> },
  bound = 1e-5,
): void {
  expect(tensor.shape).toEqual(expected.shape);
  expect(relativeError(tensor.dataSync(), expected.data)).toBeLessThanOrEqual(bound);
}
