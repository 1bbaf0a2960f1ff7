import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backend/choose.js';
import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { Faults, isIgnored } from './faults.js';
import { toTorchShape, toTorchValues } from './layout.js';
import { slotsOf } from './slots.js';
import type { StateDict, StateTensor, WeightsSource } from './tensors.js';

/** The net's weights in PyTorch's layout, float32, keyed as in a PyTorch state dict. Copies: nothing to dispose of. */
export function stateDict(net: Net): StateDict {
  const model = modelOf(net);
  return new Map(
    slotsOf(model).map(({ key, variable }): [string, StateTensor] => {
      const value = variable.read();
      const shape = toTorchShape(value.shape);
      // The cpu backend hands out its own array, which a caller could change by mistake.
      const data = toTorchValues(value.dataSync() as Float32Array, shape);
      return [key, { shape, dtype: 'float32', data: shape.length < 2 ? data.slice() : data }];
    }),
  );
}

/**
 * Loads a checkpoint (safetensors, `.pth`, a state dict) into a net. Strict: every key of the net must be there with
 * its shape, and no other (`num_batches_tracked` aside), or one CnnzooError lists all that is wrong. Where it throws,
 * the net is unchanged.
 */
export async function loadStateDict(net: Net, source: WeightsSource): Promise<void> {
  const model = modelOf(net);
  await useBackend();
  const [{ openTensors }, { readTensors }] = await Promise.all([import('./open.js'), import('./read-tensors.js')]);
  const file = await openTensors(source);
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

/** Writes the net's weights as safetensors, which PyTorch loads strictly. The file is replaced whole or not at all. */
export async function saveStateDict(net: Net, path: string, metadata: Record<string, string> = {}): Promise<void> {
  if (!path.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `saveStateDict writes safetensors: expected a path that ends so, received '${path}'.`,
    );
  const [{ encodeSafetensors }, { writeFileAtomic }] = await Promise.all([
    import('./write-safetensors.js'),
    import('#platform'),
  ]);
  await writeFileAtomic(path, encodeSafetensors(stateDict(net), metadata));
}
