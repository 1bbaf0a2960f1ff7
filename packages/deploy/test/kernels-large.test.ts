// The kernels on the variants that the other tests leave out for their size, ten minutes: CNNZOO_LARGE=1.
import { models as alexnet } from '@cnnzoo/alexnet';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { models as resnet } from '@cnnzoo/resnet';
import { models as vgg } from '@cnnzoo/vgg';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { inferenceGraph } from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';

beforeAll(async () => {
  await useBackend('wasm');
});

const variants = Object.entries({ ...alexnet, ...vgg, ...resnet } as unknown as Record<string, ModelDefinition>).filter(
  ([, { weights }]) => (weights.DEFAULT?.parameters ?? 0) >= 3e7,
);

const SIZES = [
  [64, 64],
  [65, 97],
] as const;

async function build(definition: ModelDefinition, inputShape: readonly [number, number, 3]): Promise<LayersModel> {
  const net = definition({ inputShape });
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  return net;
}

describe.runIf(process.env.CNNZOO_LARGE === '1')('large variants (CNNZOO_LARGE=1)', () => {
  it.each(variants)('%s answers in the kernels as the net does', async (name, definition) => {
    const errors: number[] = [];
    for (const [height, width] of SIZES) {
      const shape = [height, width, 3] as const;
      const net = await build(definition, shape);
      const image = syntheticImage(...shape);
      const expected = logitsOf(net, image, shape);
      const engine = await KernelsEngine.create(inferenceGraph(net));
      net.dispose();
      const [logits] = await engine.run(image, [1, ...shape]);
      await engine.dispose();
      errors.push(relativeError(logits!, expected));
    }
    console.log(`${name}: errors ${errors.map((error) => error.toExponential(1)).join(', ')}`);
    for (const error of errors) expect(error).toBeLessThanOrEqual(PARITY);
  });
});
