import { CnnzooError } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { GraphWeight } from './graph.js';

/** Reads weights of a net. */
export interface WeightSource {
  read(variable: LayerVariable): Promise<Float32Array>;
  /** Reads a block of a weight. undefined if the whole is read at no cost. */
  readonly readBlock?:
    | ((variable: LayerVariable, begin: readonly number[], size: readonly number[]) => Promise<Float32Array>)
    | undefined;
}

/** Part of tfjs' wasm backend: its tensors are views of one heap, until that grows. */
interface WasmBackend {
  readonly dataIdMap: { has(dataId: object): boolean };
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

/** Copies a block of a row-major array. */
function blockOf(
  values: Float32Array,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): Float32Array {
  const run = size.at(-1)!;
  const block = new Float32Array(size.reduce((product, extent) => product * extent, 1));
  const place = [...begin];
  for (let to = 0; to < block.length; ) {
    const from = place.reduce((offset, index, axis) => offset * shape[axis]! + index, 0);
    for (let i = 0; i < run; i++) block[to++] = values[from + i]!;
    for (let axis = place.length - 2; axis >= 0 && ++place[axis]! === begin[axis]! + size[axis]!; axis--)
      place[axis] = begin[axis]!;
  }
  return block;
}

/**
 * Returns a reader of blocks of tensors. undefined on the backend cpu, whose tensors are read without a copy, and whose slices are slow.
 *
 * @param clone Returns a tensor that the reader disposes of.
 */
export const blockReader = (clone: (variable: LayerVariable) => tf.Tensor): WeightSource['readBlock'] =>
  tf.getBackend() === 'cpu'
    ? undefined
    : async (variable, begin, size) => {
        const tensor = clone(variable);
        let block: tf.Tensor | undefined;
        try {
          const backend = tf.backend() as unknown as WasmBackend;
          // A slice on wasm copies the whole tensor first.
          if (tf.getBackend() === 'wasm' && backend.dataIdMap.has(tensor.dataId))
            return blockOf(backend.typedArrayFromHeap(tensor), tensor.shape, begin, size);
          block = tf.slice(tensor, [...begin], [...size]);
          return (await block.data()) as Float32Array;
        } finally {
          tf.dispose(block ? [tensor, block] : tensor);
        }
      };

/** Reads weights of a net that must be as it was when the graph was made. Owns no tensors. */
export class LiveWeights implements WeightSource {
  readonly readBlock = blockReader((variable) => tf.clone(this.tensor(variable)));
  private readonly known = new Map<LayerVariable, { readonly tensor: tf.Tensor; readonly dataId: object }>();

  constructor(
    private readonly net: string,
    variables: readonly LayerVariable[],
  ) {
    for (const variable of variables) {
      const tensor = variable.read();
      this.known.set(variable, { tensor, dataId: tensor.dataId });
    }
  }

  async read(variable: LayerVariable): Promise<Float32Array> {
    return (await this.tensor(variable).data()) as Float32Array;
  }

  private tensor(variable: LayerVariable): tf.Tensor {
    const { tensor, dataId } = this.known.get(variable)!;
    if (tensor.isDisposed || tensor.dataId !== dataId)
      throw new CnnzooError(
        'INPUT',
        `inferenceGraph: the weights of '${this.net}' ${tensor.isDisposed ? 'were disposed of' : 'have changed'} since the ` +
          'graph was made. Make the graph anew, or dispose of the net last.',
      );
    return tensor;
  }
}

/** Constant that is computed from weights when it is read. */
export const computed = (name: string, shape: readonly number[], read: () => Promise<Float32Array>): GraphWeight => ({
  name,
  shape,
  read,
});

/** Constant of given values. */
export const given = (name: string, values: readonly number[]): GraphWeight =>
  computed(name, [values.length], async () => Float32Array.from(values));

/** Factor and term of each channel. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Weights of a BatchNorm; those that a layer lacks are undefined. */
export interface NormWeights {
  readonly channels: number;
  readonly eps: number;
  readonly weight: GraphWeight | undefined;
  readonly bias: GraphWeight | undefined;
  readonly mean: GraphWeight;
  readonly variance: GraphWeight;
}

/**
 * Computes a BatchNorm in inference as y = scale x + shift, in float64: scale = weight / sqrt(running_var + eps), shift = bias -
 * running_mean scale (Ioffe and Szegedy, https://arxiv.org/abs/1502.03167, algorithm 2).
 */
export async function affineOf({ channels, eps, weight, bias, mean, variance }: NormWeights): Promise<Affine> {
  const [w, b, m, v] = await Promise.all([weight?.read(), bias?.read(), mean.read(), variance.read()]);
  const scale = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let i = 0; i < channels; i++) {
    scale[i] = (w?.[i] ?? 1) / Math.sqrt(v[i]! + eps);
    shift[i] = (b?.[i] ?? 0) - m[i]! * scale[i]!;
  }
  return { scale, shift };
}
