import { expect, it } from 'vitest';
import { progressLine } from '../../../src/train/fit/progress-line.js';

it('says where a training is', () => {
  const place = { epoch: 2, epochs: 20, step: 120, stepsPerEpoch: 391 };
  const progress = { images: 1000, loss: 1234, weight: 1000, hits: 452, seconds: 2.5 };
  expect(progressLine({ ...place, progress, left: 200 })).toBe(
    'epoch 3/20  120/391  loss 1.234  top-1 45.2 %  400 images/s  3:20 left',
  );
  expect(progressLine({ ...place, progress: { ...progress, seconds: 500 }, left: 3725 })).toMatch(
    /2\.0 images\/s {2}1:02:05 left$/,
  );
});
