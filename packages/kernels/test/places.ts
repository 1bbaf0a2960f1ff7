import { afterAll, beforeAll, vi } from 'vitest';
import { Heaps } from '../src/adapter/heaps.js';

/** Places where kernels limited by memory bandwidth can work: tfjs' heap, or the arena if that is out of reach. */
export const places = ["tfjs' heap", 'the arena'] as const;

/** Makes the kernels of a `describe` work in a place. */
export function workIn(place: (typeof places)[number]): void {
  if (place === "tfjs' heap") return;
  beforeAll(() => {
    vi.spyOn(Heaps.prototype, 'of').mockReturnValue(undefined);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });
}
