import { expect, it } from 'vitest';
import { sha256 } from '../../src/platform/browser/hash.js';
import * as checkpoint from './checkpoint.js';

it('is SHA-256 around every boundary of a block', () => {
  for (const length of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_003]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) >> 2);
    expect(sha256(bytes), `${length} bytes`).toBe(checkpoint.sha256(bytes));
  }
});
