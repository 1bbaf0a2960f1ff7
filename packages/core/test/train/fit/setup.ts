import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import type { PixelsDataset } from '../../../src/data.js';
import { useBackend } from '../../../src/index.js';
import { noise, smallNet, weightValues } from '../nets.js';

/** Net of each test of a file that has called `setUp`. */
export let net: LayersModel;
export let data: PixelsDataset;
export let validation: PixelsDataset;
/** Empty when a test begins. */
export let directory: string;

let dropout: number;

/** @param rate of the net's dropout. */
export function setUp({ images = 40, validated = 20, rate = 0 } = {}): void {
  dropout = rate;
  beforeAll(async () => {
    await useBackend('cpu');
    data = await noise(images, 1);
    validation = await noise(validated, 2);
  });
  beforeEach(async () => {
    net = smallNet({ rate });
    directory = await mkdtemp(join(tmpdir(), 'cnnzoo-fit-'));
  });
  afterEach(async () => {
    net.dispose();
    await rm(directory, { recursive: true });
  });
}

/** Puts a net in the place of the test's that is as that one was in the beginning. */
export function renewNet(): void {
  net.dispose();
  net = smallNet({ rate: dropout });
}

export const weights = () => weightValues(net);
