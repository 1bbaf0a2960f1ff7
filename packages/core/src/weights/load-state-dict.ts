import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backend/choose.js';
import { noteOf } from '../features.js';
import { modelOf, type Net } from '../net.js';
import { adviceFor } from './advice.js';
import { Faults } from './faults.js';
import type { LoadedStateDict } from './fit-keys.js';
import { fitKeys } from './fit-keys.js';
import { toTorchShape } from './layout.js';
import { checkReadOptions, openTensors } from './open.js';
import { readTensors } from './read-tensors.js';
import { type Slot, slotsOf } from './slots.js';
import { sourceName } from './source-name.js';
import type { ReadOptions, WeightsSource } from './tensors.js';

/** The path of the layer that has the last weights. */
const lastOf = (slots: readonly Slot[]): string | undefined => slots.at(-1)?.key.split('.').slice(0, -1).join('.');

/** Loads a checkpoint into a net, strictly: all of it, or nothing. */
export async function loadStateDict(net: Net, source: WeightsSource, options: ReadOptions): Promise<LoadedStateDict> {
  checkReadOptions('loadStateDict', options);
  const model = modelOf(net);
  await useBackend();
  const slots = slotsOf(model);
  const file = await openTensors(source, options);
  const loaded: tf.Tensor[] = [];
  try {
    const wanted = new Map(slots.map(({ key, variable }) => [key, toTorchShape(variable.shape as number[])]));
    const head = noteOf(model)?.head ?? lastOf(slots);
    const fit = fitKeys(file, wanted, { head });
    const { tensors, prefixes, renamed } = fit;
    const faults = new Faults();
    for (const key of tensors.keys()) if (!wanted.has(key)) faults.isUnexpected(key);
    for (const [key, expected] of wanted) {
      const received = tensors.get(key)?.shape;
      if (!received) faults.isMissing(key);
      else if (expected.join() !== received.join()) faults.hasShape(key, expected, received);
    }
    faults.throwIfAny(model.name, () => adviceFor(fit, wanted, head));
    const entries = slots.map(({ key }) => [key, tensors.get(key)!] as const);
    for await (const [, tensor] of readTensors(entries)) loaded.push(tensor);
    // From here on nothing can fail: all or nothing.
    for (const [i, { variable }] of slots.entries()) variable.write(loaded[i]!);
    const { format, key = null, others: ignored = [] } = file;
    return { source: sourceName(source), format, key, prefixes, renamed, ignored };
  } finally {
    tf.dispose(loaded);
    await file.close();
  }
}
