import { engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { numel } from '../util/index.js';

/** Values that the constants of a backend have together at most: 4 MiB. */
const MOST_VALUES = 2 ** 20;

/** Values that a small constant counts as, so that there are at most 128 constants. */
const LEAST_VALUES = 2 ** 13;

const roomOf = ({ shape }: TensorInfo): number => Math.max(LEAST_VALUES, numel(shape));

/** Constants on a backend by their description, the latest used last. The map owns one reference to each one's data. */
const kept = new WeakMap<KernelBackend, Map<string, TensorInfo>>();

/**
 * Returns a float32 tensor of values that depend on shapes alone, such as a mask. It is uploaded once for each backend: later
 * calls share its data, which are no tensor and so are not among `tf.memory().numTensors`. Each call's tensor is the
 * caller's. For use inside a tidy.
 *
 * @param key description of the values: constants with the same key have the same values and shape.
 * @param values computes the values, in the order of `shape`.
 */
export function constant<T extends Tensor>(key: string, shape: T['shape'], values: () => Float32Array): T {
  const { backend } = engine();
  let constants = kept.get(backend);
  if (!constants) {
    constants = new Map();
    kept.set(backend, constants);
  }
  const info = constants.get(key);
  constants.delete(key);
  // tfjs may have moved the data to another backend.
  const tensor =
    info && backend.refCount(info.dataId) > 0
      ? engine().makeTensorFromTensorInfo(info, backend)
      : engine().makeTensor(values(), shape, 'float32', backend);
  // The tensor has one reference to the data, the map another.
  backend.incRef(tensor.dataId);
  constants.set(key, { dataId: tensor.dataId, shape, dtype: 'float32' });
  drop(backend, constants, MOST_VALUES);
  return tensor as T;
}

/** Frees the constants of a backend. Tensors that share their data keep them. */
export function dropConstants(backend: KernelBackend): void {
  const constants = kept.get(backend);
  if (constants) drop(backend, constants, 0);
}

/** Frees the constants that were used longest ago, until the others have at most `most` values. */
function drop(backend: KernelBackend, constants: Map<string, TensorInfo>, most: number): void {
  let total = 0;
  for (const info of constants.values()) total += roomOf(info);
  for (const [key, info] of constants) {
    if (total <= most) return;
    total -= roomOf(info);
    constants.delete(key);
    // A tensor without a reference of its own takes the map's along.
    if (backend.refCount(info.dataId) > 0) engine().makeTensorFromTensorInfo(info, backend).dispose();
  }
}
