import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** max|received - expected| / max|expected|. */
export function relativeError(received: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(received.length).toBe(expected.length);
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    // A NaN would lose every comparison.
    const difference = Math.abs(received[i]! - expected[i]!);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}

/** The tensor's shape, and its values within the relative bound. Disposes of nothing. */
export function expectClose(
  tensor: Tensor,
  expected: { shape: readonly number[]; data: ArrayLike<number> },
  bound = 1e-5,
): void {
  expect(tensor.shape).toEqual(expected.shape);
  expect(relativeError(tensor.dataSync(), expected.data)).toBeLessThanOrEqual(bound);
}
