import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { families } from './families.js';

/** An export that another program runs. */
export interface Opened {
  run(images: Float32Array, shape: readonly [number, number, number, number]): Promise<readonly Float32Array[]>;
  close(): Promise<void> | void;
}

/**
 * Tests the exports of all chosen variants against their nets.
 *
 * @param open Exports a net to a path, opens the export with its own program, and removes it.
 */
export function testExports(program: string, open: (net: LayersModel, path: string) => Promise<Opened>): void {
  const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-exports-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeAll(async () => {
    await useBackend('wasm');
  });

  describe.each(families.filter(({ models }) => Object.keys(models).length > 0))(
    '$name',
    ({ models, sizes, anySize }) => {
      it.each(Object.entries(models))(`%s answers in ${program} as the net does`, async (name, any) => {
        const definition = any as unknown as ModelDefinition;
        const channels = definition.inputShape[2];
        let net: LayersModel | undefined;
        let opened: Opened | undefined;
        for (const [height, width] of sizes) {
          if (!net || !anySize) {
            net?.dispose();
            await opened?.close();
            net = definition({ inputShape: anySize ? [null, null, channels] : [height, width, channels] });
            const checkpoint = syntheticCheckpoint(await stateDict(net));
            await loadStateDict(net, checkpoint);
            // A net of one size, whose layers take any.
            const fixed = definition({ inputShape: [height, width, channels] });
            await loadStateDict(fixed, checkpoint);
            opened = await open(fixed, join(directory, `${name}-${height}-${width}`));
            fixed.dispose();
          }
          const image = syntheticImage(height, width, channels);
          const expected = outputsOf(net, image, [height, width, channels]);
          const received = await opened!.run(image, [1, height, width, channels]);
          expect(received.length).toBe(expected.length);
          for (const [i, output] of expected.entries())
            expect(relativeError(received[i]!, output), `output ${i} at ${height} x ${width}`).toBeLessThanOrEqual(
              PARITY,
            );
        }
        net?.dispose();
        await opened?.close();
      });
    },
  );
}
