import { expect } from 'vitest';
import { relativeError } from '../close.js';
import type { Compared, Loss } from './program.js';

/** Expects the GPU's values to be wasm's within 1e-5 of the largest. */
export function expectEqual({ tensors, ...compared }: Compared): void {
  expect(Object.values(compared).some(({ wasm }) => wasm.some((value) => value !== 0))).toBe(true);
  for (const [name, { gpu, wasm }] of Object.entries(compared)) {
    // A frozen bias stays 0 on both.
    if (wasm.every((value) => value === 0)) expect(gpu, name).toEqual(wasm);
    else expect(relativeError(gpu, wasm), name).toBeLessThanOrEqual(1e-5);
  }
  if (tensors) expect(tensors, 'tensors left behind').toEqual({ gpu: [0], wasm: [0] });
}

/**
 * Expects that no loss gave a wrong answer, a hang or an error of another kind; that the net was refused ever after; and
 * that a new one works.
 */
export function expectLosses(losses: readonly Loss[], gpu: string, times: number): void {
  expect(losses).toHaveLength(times);
  for (const loss of losses)
    expect(loss).toMatchObject({
      outcome: expect.stringMatching(/^(BACKEND|done)$/),
      later: ['BACKEND', gpu, 'BACKEND', 'BACKEND'],
      goesOn: true,
      tensors: 0,
    });
  // With moments that all came after the work, nothing would have been tried.
  expect(losses.some(({ outcome }) => outcome === 'BACKEND')).toBe(true);
}
