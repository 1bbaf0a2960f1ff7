import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type GivenValues, withBuildScope } from '../layers/build-scope.js';
import { isUnder } from '../layers/layer.js';
import { Faults, isIgnored } from './faults.js';
import { toTorchShape } from './layout.js';
import { readTensors } from './read-tensors.js';
import { slotsOf } from './slots.js';
import type { TensorFile } from './tensors.js';

export interface BuildFromOptions {
  /** Paths in the net that get fresh weights: what the file has there is left out. */
  readonly fresh?: readonly string[];
  /** Key prefixes of what is not read: the net has none of it. */
  readonly drop?: readonly string[];
  /** Key prefixes that the file may have and the net need not. */
  readonly mayDrop?: readonly string[];
  /** The net has models inside, whose layers don't know the path they lie under: its weights are replaced once built. */
  readonly nested?: boolean;
  /** Changes a tensor (in tfjs' layout) before it is used, e.g. for another number of input channels; owns its input. */
  readonly adapt?: (key: string, value: tf.Tensor) => tf.Tensor;
  /** Says in one sentence what would make the file fit, if that is known. */
  readonly advise?: () => string | undefined;
}

/** Tensors read from a file, handed out to a build, with all that does not fit. */
class ReadValues implements GivenValues {
  readonly faults = new Faults();
  readonly tensors = new Map<string, tf.Tensor>();
  readonly taken = new Set<string>();

  constructor(private readonly fresh: readonly string[]) {}

  isFresh(key: string): boolean {
    return this.fresh.some((path) => isUnder(path, key));
  }

  take(key: string, shape: readonly number[]): tf.Tensor | undefined {
    if (this.isFresh(key)) return undefined;
    this.taken.add(key);
    const value = this.tensors.get(key);
    if (!value) {
      this.faults.isMissing(key);
      // Never used: the faults are thrown when all are known.
      return tf.zeros([...shape]);
    }
    this.tensors.delete(key);
    if (value.shape.join() === shape.join()) return value;
    this.faults.hasShape(key, toTorchShape(shape), toTorchShape(value.shape));
    value.dispose();
    return tf.zeros([...shape]);
  }
}

/**
 * Builds a net whose weights are the file's from the start: no initial values are drawn, and no weight is held twice.
 * Strict, as `loadStateDict`.
 */
export async function buildFrom(
  file: Pick<TensorFile, 'tensors'>,
  build: () => LayersModel,
  { fresh = [], drop = [], mayDrop = [], nested = false, adapt, advise }: BuildFromOptions = {},
): Promise<LayersModel> {
  const values = new ReadValues(fresh);
  let model: LayersModel | undefined;
  try {
    const startsWith = (prefixes: readonly string[], key: string) => prefixes.some((prefix) => key.startsWith(prefix));
    const isRead = (key: string) => !(isIgnored(key) || values.isFresh(key) || startsWith(drop, key));
    for await (const [key, value] of readTensors([...file.tensors].filter(([key]) => isRead(key))))
      values.tensors.set(key, adapt ? adapt(key, value) : value);
    model = withBuildScope(nested ? undefined : values, build);
    // Stock tfjs layers make their own weights: these are replaced.
    for (const { key, variable } of slotsOf(model)) {
      if (values.taken.has(key)) continue;
      const value = values.take(key, variable.shape as number[]);
      if (value) variable.write(value);
      value?.dispose();
    }
    for (const key of values.tensors.keys()) if (!startsWith(mayDrop, key)) values.faults.isUnexpected(key);
    values.faults.throwIfAny(model.name, advise);
    return model;
  } catch (error) {
    model?.dispose();
    throw error;
  } finally {
    tf.dispose([...values.tensors.values()]);
  }
}
