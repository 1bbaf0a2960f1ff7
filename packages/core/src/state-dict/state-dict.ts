import type { ReadOptions, StateDict, WeightsSource } from '../checkpoint/index.js';
import { modelOf, type Net, slotsOf } from '../graph/index.js';
import type { LoadedStateDict } from './fit-keys.js';
import type { SaveStateDictOptions } from './save-options.js';
import { Snapshot } from './snapshot.js';

/**
 * Reads the weights of a net as PyTorch's `state_dict()` does: copies, float32, in PyTorch's layout (convolution OIHW,
 * linear [out, in]). The values are those at the time of the call: the net may go on training while they are read.
 * In the middle of a training step BatchNorm's statistics are that step's already, the weights not yet.
 *
 * @param net a LayersModel or Classifier.
 * @returns promise of { shape, dtype, data } by state_dict key, e.g. 'layer1.0.conv1.weight'. No tf tensor: nothing to dispose.
 * @throws CnnzooError INPUT if the net was disposed of.
 *
 * @example
 * ```ts
 * import { stateDict, useBackend } from '@cnnzoo/core';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const state = await stateDict(resnet18());
 * console.log(state.get('conv1.weight')!.shape); // [64, 3, 7, 7]
 * ```
 */
export async function stateDict(net: Net): Promise<StateDict> {
  return snapshotOf(net).read();
}

/** Returns copies of a net's weights as they are now. */
const snapshotOf = (net: Net): Snapshot =>
  new Snapshot(slotsOf(modelOf(net)).map(({ key, variable }) => ({ key, tensor: variable.read() })));

/**
 * Loads a checkpoint (safetensors, a file of `torch.save`, or a state dict) into a net. Strict, as PyTorch's
 * `load_state_dict`: every key of the net must be there with its shape, and no other (`num_batches_tracked` aside). A
 * prefix that all keys have, and another name of the head, are allowed.
 *
 * @param net a LayersModel or Classifier.
 * @param source path, URL, bytes, Blob or state dict.
 * @param options `key` of the state dict, if the checkpoint holds several; `signal` that ends a download.
 * @returns the format of the checkpoint, and the changes of its keys.
 * @throws CnnzooError STATE_DICT with all keys that do not fit, and the net is unchanged; FILE, FORMAT, HASH or UNSAFE;
 * for a URL, DOWNLOAD or ABORTED.
 *
 * @example
 * ```ts
 * import { loadStateDict, useBackend } from '@cnnzoo/core';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const net = resnet18({ numClasses: 5 });
 * const { prefixes, renamed } = await loadStateDict(net, 'flowers.pth');
 * console.log(prefixes, renamed);
 * ```
 */
export async function loadStateDict(
  net: Net,
  source: WeightsSource,
  options: ReadOptions = {},
): Promise<LoadedStateDict> {
  // The loader stays out of what a page loads to build a net.
  return (await import('./load.js')).loadStateDict(net, source, options);
}

/**
 * Writes the weights of a net as safetensors, which PyTorch loads strictly (int8: once each weight is multiplied by its scales,
 * `state[key].float() * state[key + '_scale']`). The file is replaced whole or not at all.
 * The weights are those at the time of the call.
 *
 * @param net a LayersModel or Classifier.
 * @param location path or file: URL that ends in `.safetensors`.
 * @throws CnnzooError INPUT for another ending, an unknown option, metadata that is no text, a weight beyond float16, or one that
 * int8 can't hold (NaN, infinite); FILE if it can't be written.
 *
 * @example
 * ```ts
 * import { saveStateDict, useBackend } from '@cnnzoo/core';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * await saveStateDict(resnet18(), 'resnet18.safetensors', { dtype: 'float16' });
 * ```
 */
export async function saveStateDict(
  net: Net,
  location: string | URL,
  options: SaveStateDictOptions = {},
): Promise<void> {
  const snapshot = snapshotOf(net);
  try {
    // The writer stays out of what a page loads to build a net.
    await (await import('./save.js')).saveSnapshot(snapshot, location, options);
  } finally {
    snapshot.dispose();
  }
}
