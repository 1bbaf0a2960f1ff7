import { afterAll, beforeAll, vi } from 'vitest';
import { Heaps } from '../src/adapter/heaps.js';

/** Where kernels that memory bounds can work: in tfjs' heap, or, where that is out of reach, in the arena. */
export const places = ["tfjs' heap", 'the arena'] as const;

/** Lets the kernels of a `describe` work there. */
export function workIn(place: (typeof places)[number]): void {
  if (place === "tfjs' heap") return;
  beforeAll(() => {
    vi.spyOn(Heaps.prototype, 'of').mockReturnValue(undefined);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });
}
