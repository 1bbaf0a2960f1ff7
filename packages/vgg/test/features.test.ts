/**
 * Real features: `vgg16-features.safetensors`, the thirteen convolutions of VGG-16 under torchvision's keys, in the
 * directory that CNNZOO_DATA names. tools/weights/torch/vgg_features.py made the golden from the same file.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Classifier, useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import { vgg16 } from '../src/index.js';

const file = `${process.env.CNNZOO_DATA}/vgg16-features.safetensors`;
const found = existsSync(file);
const reason = found ? '' : ' (skipped: CNNZOO_DATA names no directory with vgg16-features.safetensors)';

interface Golden {
  images: { height: number; width: number; features: number[] }[];
}

describe.skipIf(!found)(`VGG-16 over real features${reason}`, () => {
  const golden: Golden = JSON.parse(readFileSync(new URL('goldens/vgg16-features.json', import.meta.url), 'utf8'));
  let net: Classifier;
  beforeAll(async () => {
    await useBackend('wasm');
    net = await vgg16.pretrained({
      weights: 'IMAGENET1K_FEATURES',
      from: file,
      numClasses: 0,
      inputShape: [null, null, 3],
    });
  });
  afterAll(() => net.dispose());

  it('gives the mean over the last map, as PyTorch does', () => {
    for (const { height, width, features } of golden.images) {
      // Values as the preprocessing leaves them: 255 * image - mean.
      const image = syntheticImage(height, width, 3).map((value) => 60 * value);
      const received = tf.tidy(() => {
        const x = tf.tensor4d(image, [1, height, width, 3]);
        return (net.model.predict(x) as tf.Tensor).dataSync();
      });
      expect(received.length).toBe(512);
      expect(relativeError(received, features)).toBeLessThanOrEqual(PARITY);
    }
  });
});
