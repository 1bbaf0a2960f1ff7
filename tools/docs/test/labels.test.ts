import { describe, expect, it } from 'vitest';
import { placeLabels } from '../labels.js';

const frame = { x: 0, y: 0, width: 400, height: 300 };

describe('placeLabels', () => {
  it('keeps labels apart, within the frame', () => {
    const discs = Array.from({ length: 12 }, (_, i) => ({ x: 180 + (i % 4) * 12, y: 120 + (i % 3) * 14, radius: 8 }));
    const boxes = placeLabels(
      discs,
      discs.map(() => [60, 12] as const),
      frame,
    );
    expect(boxes).toHaveLength(12);
    for (const [i, a] of boxes.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= 400 && a.y + a.height <= 300).toBe(true);
      for (const b of boxes.slice(i + 1))
        expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(
          true,
        );
    }
  });

  it('puts a lone label close by, to the right', () => {
    const [box] = placeLabels([{ x: 100, y: 100, radius: 10 }], [[50, 12]], frame);
    expect(box).toEqual({ x: 113, y: 94, width: 50, height: 12 });
  });
});
