import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../backend/index.js';
import { type WasmMemory, wasmMemory } from '../backend/late.js';
import {
  type LazyTensor,
  type ReadOptions,
  type StateTensor,
  type TensorFile,
  toTfShape,
  toTorchShape,
  type WeightsSource,
} from '../checkpoint/index.js';
import { checkReadOptions, readCheckpoint, sourceName, toTfValues } from '../checkpoint/late.js';
import { modelOf, type Net, noteOf, type Slot, slotsOf } from '../graph/index.js';
import { type GivenValues, isUnder, withBuildScope } from '../layers/index.js';
import { isTypedArray, numel } from '../util/index.js';
import { ReusedBuffer } from '../util/late.js';
import { adviceFor } from './advice.js';
import { Faults, isIgnored } from './faults.js';
import { fitKeys, type LoadedStateDict, type Wanted } from './fit-keys.js';

/** Converts values to float32, the only type that a net computes in. */
const toFloat32 = ({ data }: StateTensor): Float32Array =>
  isTypedArray(data, 'Float32Array')
    ? (data as Float32Array)
    : Float32Array.from(data as ArrayLike<number | bigint>, Number);

/** Makes a tensor of values that were read. */
type Finish = () => tf.Tensor;

/**
 * Loads tensors of a checkpoint into the backend, in tfjs' layout, in their order; each is the caller's. While one is
 * transposed, the next is read. A backend that copies its input is given all of them in the same memory, and those of a
 * transposed file are read straight into the backend.
 */
export async function* loadTensors(
  entries: readonly (readonly [key: string, lazy: LazyTensor])[],
): AsyncGenerator<[key: string, tensor: tf.Tensor], void, void> {
  const memory = wasmMemory();
  memory?.reserve(entries.map(([, lazy]) => 4 * numel(lazy.shape)));
  const buffers = memory && ([new ReusedBuffer(), new ReusedBuffer()] as const);
  const transposed = memory && new ReusedBuffer();
  const start = async (i: number): Promise<Finish> => {
    const lazy = entries[i]![1];
    const shape = toTfShape(lazy.shape);
    if (lazy.readTransposed) {
      if (memory && lazy.readInto) return () => readIntoBackend(lazy, shape, memory);
      const values = await lazy.readTransposed();
      return () => tf.tensor(values, shape, 'float32');
    }
    const state = await lazy.read(buffers?.[i % 2]);
    return () => tf.tensor(transpose(state, transposed), shape, 'float32');
  };
  let next: Promise<Finish> | undefined;
  for (const [i, [key]] of entries.entries()) {
    const finish = await (next ?? start(i));
    next = i + 1 < entries.length ? start(i + 1) : undefined;
    // The next round awaits it and sees the error, unless the caller stops before.
    next?.catch(() => undefined);
    yield [key, finish()];
  }
}

/** Reads values that are stored in tfjs' layout straight into the backend. */
function readIntoBackend({ readInto }: LazyTensor, shape: number[], memory: WasmMemory): tf.Tensor {
  const { tensor, bytes } = memory.allocate(shape);
  try {
    readInto!(bytes);
    return tensor;
  } catch (error) {
    tensor.dispose();
    throw error;
  }
}

/** Transposes values to tfjs' layout; never the array of `state` itself. */
function transpose(state: StateTensor, into: ReusedBuffer | undefined): Float32Array {
  const values = toTfValues(toFloat32(state), state.shape, into);
  // A backend that holds on to the array must not hold on to the caller's.
  return into || values !== state.data ? values : values.slice();
}

/** Returns the shapes of the tensors that a net will have: builds it without values, and disposes of it. */
export function wantedBy(build: () => LayersModel): Wanted {
  const wanted = new Map<string, readonly number[]>();
  const take = (key: string, shape: readonly number[]): tf.Tensor => {
    wanted.set(key, toTorchShape(shape));
    // Stands for values of any size.
    return tf.scalar(0);
  };
  const model = withBuildScope({ take }, build);
  try {
    // Stock tfjs layers make their own weights.
    for (const { key, variable } of slotsOf(model))
      if (!wanted.has(key)) wanted.set(key, toTorchShape(variable.shape as number[]));
  } finally {
    model.dispose();
  }
  return wanted;
}

/** Options of building a net from a checkpoint's tensors. */
export interface BuildFromOptions {
  /** Paths in the net that get fresh values: the checkpoint's tensors there are left out. Default: none. */
  readonly fresh?: readonly string[];
  /** Prefixes of keys that are not read: the net has none of them. Default: none. */
  readonly drop?: readonly string[];
  /** Prefixes of keys that the checkpoint may have and the net need not. Default: none. */
  readonly mayDrop?: readonly string[];
  /** True if the net has models inside, whose layers don't know their path: weights are replaced after the build. Default: false. */
  readonly nested?: boolean;
  /** Changes a tensor (in tfjs' layout) before it is used, e.g. for another number of input channels; owns its input. Default: unchanged. */
  readonly adapt?: (key: string, value: tf.Tensor) => tf.Tensor;
  /** Returns a sentence on how to make the checkpoint fit; undefined if none is known. */
  readonly advise?: () => string | undefined;
}

/** Tensors of a checkpoint for a build, and the faults that the build finds in them. */
class ReadValues implements GivenValues {
  readonly faults = new Faults();
  readonly tensors = new Map<string, tf.Tensor>();
  readonly taken = new Set<string>();

  constructor(
    private readonly file: Pick<TensorFile, 'tensors'>,
    private readonly fresh: readonly string[],
  ) {}

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
    this.faults.checkType(key, this.file.tensors.get(key)!);
    if (value.shape.join() === shape.join()) return value;
    this.faults.hasShape(key, toTorchShape(shape), toTorchShape(value.shape));
    value.dispose();
    return tf.zeros([...shape]);
  }
}

/**
 * Builds a net with a checkpoint's tensors as its weights: no initial values are drawn, and no weight is held twice.
 * @throws CnnzooError STATE_DICT, as `loadStateDict`.
 */
export async function buildFrom(
  file: Pick<TensorFile, 'tensors'>,
  build: () => LayersModel,
  { fresh = [], drop = [], mayDrop = [], nested = false, adapt, advise }: BuildFromOptions = {},
): Promise<LayersModel> {
  const values = new ReadValues(file, fresh);
  let model: LayersModel | undefined;
  try {
    const startsWith = (prefixes: readonly string[], key: string) => prefixes.some((prefix) => key.startsWith(prefix));
    const isRead = (key: string) => !(isIgnored(key) || values.isFresh(key) || startsWith(drop, key));
    for await (const [key, value] of loadTensors([...file.tensors].filter(([key]) => isRead(key))))
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

/** Returns the path of the layer that has the last weights. */
const lastOf = (slots: readonly Slot[]): string | undefined => slots.at(-1)?.key.split('.').slice(0, -1).join('.');

/** Reads a checkpoint and loads it into a net, strictly: all of it, or nothing. */
export async function loadStateDict(net: Net, source: WeightsSource, options: ReadOptions): Promise<LoadedStateDict> {
  checkReadOptions('loadStateDict', options);
  const model = modelOf(net);
  await useBackend();
  const slots = slotsOf(model);
  const file = await readCheckpoint(source, options);
  const loaded: tf.Tensor[] = [];
  try {
    const wanted = new Map(slots.map(({ key, variable }) => [key, toTorchShape(variable.shape as number[])]));
    const head = noteOf(model)?.head ?? lastOf(slots);
    const fit = fitKeys(file, wanted, { head });
    const { tensors, prefixes, renamed } = fit;
    const faults = new Faults();
    for (const key of tensors.keys()) if (!wanted.has(key)) faults.isUnexpected(key);
    for (const [key, expected] of wanted) {
      const received = tensors.get(key);
      if (!received) {
        faults.isMissing(key);
        continue;
      }
      faults.checkType(key, received);
      if (expected.join() !== received.shape.join()) faults.hasShape(key, expected, received.shape);
    }
    faults.throwIfAny(model.name, () => adviceFor(fit, wanted, head));
    const entries = slots.map(({ key }) => [key, tensors.get(key)!] as const);
    for await (const [, tensor] of loadTensors(entries)) loaded.push(tensor);
    // From here on nothing can fail: all or nothing.
    for (const [i, { variable }] of slots.entries()) variable.write(loaded[i]!);
    const { format, key = null, others: ignored = [] } = file;
    return { source: sourceName(source), format, key, prefixes, renamed, ignored };
  } finally {
    tf.dispose(loaded);
    await file.close();
  }
}
