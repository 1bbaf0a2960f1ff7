import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { exportGraphModel } from '../src/index.js';
import { families } from './families.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-graph-model-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

describe.each(families.filter(({ models }) => Object.keys(models).length > 0))(
  '$name',
  ({ models, sizes, anySize }) => {
    it.each(Object.entries(models))('%s answers in a GraphModel as the net does', async (name, any) => {
      const definition = any as unknown as ModelDefinition;
      const channels = definition.inputShape[2];
      let net: ReturnType<ModelDefinition> | undefined;
      let graph: Awaited<ReturnType<typeof openGraphModel>> | undefined;
      for (const [height, width] of sizes) {
        if (!net || !anySize) {
          net?.dispose();
          graph?.dispose();
          net = definition({ inputShape: anySize ? [null, null, channels] : [height, width, channels] });
          const checkpoint = syntheticCheckpoint(await stateDict(net));
          await loadStateDict(net, checkpoint);
          // A net of one size, whose layers take any.
          const fixed = definition({ inputShape: [height, width, channels] });
          await loadStateDict(fixed, checkpoint);
          const path = join(directory, `${name}-${height}-${width}`);
          await exportGraphModel(fixed, path);
          if (fixed !== net) fixed.dispose();
          graph = await openGraphModel(path);
          rmSync(path, { recursive: true });
        }
        const image = syntheticImage(height, width, channels);
        const expected = outputsOf(net, image, [height, width, channels]);
        const received = runGraphModel(graph!, image, [1, height, width, channels]);
        expect(received.length).toBe(expected.length);
        for (const [i, output] of expected.entries())
          expect(relativeError(received[i]!, output), `output ${i} at ${height} x ${width}`).toBeLessThanOrEqual(
            PARITY,
          );
      }
      net?.dispose();
      graph?.dispose();
    });
  },
);
