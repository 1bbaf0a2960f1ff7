import {
  type ReadOptions,
  type StateDict,
  type StateTensor,
  toTorchShape,
  toTorchValues,
  type WeightsSource,
} from '../checkpoint/index.js';
import { modelOf, type Net, slotsOf } from '../graph/index.js';
import { CnnzooError } from '../util/index.js';
import type { LoadedStateDict } from './fit-keys.js';

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
 * its shape, and no other (`num_batches_tracked` aside). A prefix that all keys have, and another name of the head, are
 * no difference.
 * @param options `key` names the state dict, if the checkpoint holds several.
 * @returns how the checkpoint's keys became the net's.
 * @throws CnnzooError STATE_DICT, which says what does not fit; the net is then unchanged.
 */
export async function loadStateDict(
  net: Net,
  source: WeightsSource,
  options: ReadOptions = {},
): Promise<LoadedStateDict> {
  // The readers stay out of what a page loads to build a net.
  return (await import('./load.js')).loadStateDict(net, source, options);
}

/** Writes the net's weights as safetensors, which PyTorch loads strictly. The file is replaced whole or not at all. */
export async function saveStateDict(
  net: Net,
  location: string | URL,
  metadata: Record<string, string> = {},
): Promise<void> {
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new CnnzooError(
        'INPUT',
        `saveStateDict: expected texts as metadata, received ${typeof value} for '${key}'.`,
      );
  const [{ encodeSafetensors }, { pathOf, writeFileAtomic }] = await Promise.all([
    import('../checkpoint/index.js'),
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
