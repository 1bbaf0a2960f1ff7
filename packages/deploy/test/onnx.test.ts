import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { exportOnnx } from '../src/index.js';
import { families } from './families.js';
import { OnnxSession } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-onnx-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(families.filter(({ models }) => Object.keys(models).length > 0))(
  '$name',
  ({ models, sizes, anySize }) => {
    it.each(Object.entries(models))('%s answers in onnxruntime as the net does', async (name, any) => {
      const definition = any as unknown as ModelDefinition;
      const channels = definition.inputShape[2];
      let net: ReturnType<ModelDefinition> | undefined;
      let session: OnnxSession | undefined;
      for (const [height, width] of sizes) {
        if (!net || !anySize) {
          net?.dispose();
          await session?.close();
          net = definition({ inputShape: anySize ? [null, null, channels] : [height, width, channels] });
          const checkpoint = syntheticCheckpoint(await stateDict(net));
          await loadStateDict(net, checkpoint);
          // A net of one size, whose layers take any.
          const fixed = definition({ inputShape: [height, width, channels] });
          await loadStateDict(fixed, checkpoint);
          const path = join(directory, `${name}-${height}-${width}.onnx`);
          await exportOnnx(fixed, path);
          if (fixed !== net) fixed.dispose();
          session = await OnnxSession.open(path);
          const parameters = net.countParams() * 4;
          expect(statSync(path).size).toBeLessThan(parameters * 1.05 + 200_000);
          rmSync(path);
        }
        const image = syntheticImage(height, width, channels);
        const expected = outputsOf(net, image, [height, width, channels]);
        const received = await session!.run(image, [1, height, width, channels]);
        expect(received.length).toBe(expected.length);
        for (const [i, output] of expected.entries())
          expect(relativeError(received[i]!, output), `output ${i} at ${height} x ${width}`).toBeLessThanOrEqual(
            PARITY,
          );
      }
      net?.dispose();
      await session?.close();
    });
  },
);
