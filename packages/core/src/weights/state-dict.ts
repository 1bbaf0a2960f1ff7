import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { toTorchShape, toTorchValues } from './layout.js';
import { slotsOf } from './slots.js';
import type { FetchOptions, StateDict, StateTensor, WeightsSource } from './tensors.js';

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
export async function loadStateDict(net: Net, source: WeightsSource, options: FetchOptions = {}): Promise<void> {
  // The readers stay out of what a page loads to build a net.
  await (await import('./load-state-dict.js')).loadStateDict(net, source, options);
}

/** Writes the net's weights as safetensors, which PyTorch loads strictly. The file is replaced whole or not at all. */
export async function saveStateDict(
  net: Net,
  location: string | URL,
  metadata: Record<string, string> = {},
): Promise<void> {
  const [{ encodeSafetensors }, { pathOf, writeFileAtomic }] = await Promise.all([
    import('./write-safetensors.js'),
    import('#platform'),
  ]);
  const path = pathOf(location);
  if (!path.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `saveStateDict writes safetensors: expected a path that ends so, received '${path}'.`,
    );
  await writeFileAtomic(path, encodeSafetensors(stateDict(net), metadata));
}
