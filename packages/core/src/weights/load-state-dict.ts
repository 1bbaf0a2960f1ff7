import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backend/choose.js';
import { modelOf, type Net } from '../net.js';
import { Faults, isIgnored } from './faults.js';
import { toTorchShape } from './layout.js';
import { openTensors } from './open.js';
import { readTensors } from './read-tensors.js';
import { slotsOf } from './slots.js';
import type { FetchOptions, WeightsSource } from './tensors.js';

/** Loads a checkpoint into a net, strictly: all of it, or nothing. */
export async function loadStateDict(net: Net, source: WeightsSource, options: FetchOptions = {}): Promise<void> {
  const model = modelOf(net);
  await useBackend();
  const file = await openTensors(source, options);
  const loaded: tf.Tensor[] = [];
  try {
    const slots = slotsOf(model);
    const faults = new Faults();
    const wanted = new Set(slots.map(({ key }) => key));
    for (const key of file.tensors.keys()) if (!wanted.has(key) && !isIgnored(key)) faults.isUnexpected(key);
    for (const { key, variable } of slots) {
      const expected = toTorchShape(variable.shape as number[]);
      const received = file.tensors.get(key)?.shape;
      if (!received) faults.isMissing(key);
      else if (expected.join() !== received.join()) faults.hasShape(key, expected, received);
    }
    faults.throwIfAny(model.name);
    const entries = slots.map(({ key }) => [key, file.tensors.get(key)!] as const);
    for await (const [, tensor] of readTensors(entries)) loaded.push(tensor);
    // From here on nothing can fail: all or nothing.
    for (const [i, { variable }] of slots.entries()) variable.write(loaded[i]!);
  } finally {
    tf.dispose(loaded);
    await file.close();
  }
}
