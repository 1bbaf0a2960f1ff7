import type { TensorInfo } from '@tensorflow/tfjs-core';
import { batchNormGradient, batchStatistics, type Matrix, normalize } from '../ops/index.js';
import { checkShape, finite, flag, misfit, numbers, optionalNumbers } from './checks.js';
import { type KernelCall, type KernelFamily, NotTaken } from './registry.js';

type NamedCall = Pick<KernelCall, 'name'>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Views x as a matrix whose columns are its last axis. */
function matrixOf(call: NamedCall, { shape }: TensorInfo): Matrix {
  const channels = shape.at(-1);
  if (channels === undefined) throw misfit(call, 'x of shape [..., c]', '[]');
  return { rows: sizeOf(shape.slice(0, -1)), channels };
}

/** Views x as a matrix with at least one row, so that its columns have statistics. */
function batchOf(call: NamedCall, x: TensorInfo): Matrix {
  const matrix = matrixOf(call, x);
  if (matrix.rows === 0) throw misfit(call, 'x to have at least one value a channel', `[${x.shape}]`);
  return matrix;
}

/** Returns true if the attributes ask for a ReLU. */
function isRelu(call: KernelCall<string, 'activation'>): boolean {
  const { activation } = call.attrs;
  if (activation !== 'linear' && activation !== 'relu')
    throw misfit(call, "the activation 'linear' or 'relu'", `'${activation}'`);
  return activation === 'relu';
}

/** Returns the named inputs, each of shape [channels]. */
const vectors = <Input extends string>(
  call: KernelCall<Input>,
  { channels }: Matrix,
  ...names: NoInfer<Input>[]
): TensorInfo[] =>
  names.map((name) => {
    const vector = numbers(call, name);
    checkShape(call, name, vector, [channels], '');
    return vector;
  });

/** Returns an input of x's shape; undefined if the call has none. */
function optionalMap<Input extends string>(
  call: KernelCall<Input>,
  x: TensorInfo,
  name: NoInfer<Input>,
): TensorInfo | undefined {
  const map = optionalNumbers(call, name);
  if (map) checkShape(call, name, map, x.shape, " of x's shape");
  return map;
}

/** Returns an input of x's shape. */
const map = <Input extends string>(call: KernelCall<Input>, x: TensorInfo, name: NoInfer<Input>): TensorInfo => {
  numbers(call, name);
  return optionalMap(call, x, name)!;
};

/** Returns a vector of equal values, for a scale or an offset that the call leaves out. */
const constant = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

/** Kernels of batch normalization over all axes but the last. */
export const batchNorm = (() => ({
  CnnzooBatchNorm(call) {
    const { engine, tensors } = call.local;
    const x = numbers(call, 'x');
    const matrix = batchOf(call, x);
    const [weight, bias] = vectors(call, matrix, 'weight', 'bias');
    const residual = optionalMap(call, x, 'residual');
    const [relu, eps] = [isRelu(call), finite(call, 'eps')];
    const input = tensors.put(x);
    const statistics = batchStatistics(engine, matrix, input);
    const fused = { residual: residual && tensors.put(residual), relu };
    const [w, b] = [tensors.copy(weight!), tensors.copy(bias!)];
    const y = normalize(engine, matrix, input, statistics, w, b, eps, fused);
    return [
      tensors.take(y, x.shape),
      tensors.from(statistics.mean, weight!.shape),
      tensors.from(statistics.variance, weight!.shape),
    ];
  },

  CnnzooBatchNormGrad(call) {
    const { engine, tensors } = call.local;
    const x = numbers(call, 'x');
    const matrix = batchOf(call, x);
    const [weight, mean, variance] = vectors(call, matrix, 'weight', 'mean', 'variance');
    const [dy, y] = [map(call, x, 'dy'), map(call, x, 'y')];
    const [relu, eps] = [isRelu(call), finite(call, 'eps')];
    const residual = call.attrs.residual !== undefined && flag(call, 'residual');
    const gradient = batchNormGradient(
      engine,
      matrix,
      tensors.put(x),
      tensors.put(dy),
      relu ? tensors.put(y) : undefined,
      tensors.copy(mean!),
      tensors.copy(variance!),
      tensors.copy(weight!),
      eps,
      residual && relu,
    );
    const { inputGradient, residualGradient, weightGradient, biasGradient } = gradient;
    const results: [TensorInfo, TensorInfo, TensorInfo] = [
      tensors.take(inputGradient, x.shape),
      tensors.from(weightGradient, weight!.shape),
      tensors.from(biasGradient, weight!.shape),
    ];
    if (!residual) return results;
    return [...results, residualGradient === undefined ? tensors.alias(dy) : tensors.take(residualGradient, x.shape)];
  },

  CnnzooBatchNormInference(call) {
    const { engine, tensors } = call.local;
    const x = numbers(call, 'x');
    const matrix = matrixOf(call, x);
    const [mean, variance, weight, bias] = vectors(call, matrix, 'mean', 'variance', 'weight', 'bias');
    const residual = optionalMap(call, x, 'residual');
    const [relu, eps] = [isRelu(call), finite(call, 'eps')];
    const statistics = { mean: tensors.copy(mean!), variance: tensors.copy(variance!) };
    const fused = { residual: residual && tensors.put(residual), relu };
    const [w, b] = [tensors.copy(weight!), tensors.copy(bias!)];
    const y = normalize(engine, matrix, tensors.put(x), statistics, w, b, eps, fused);
    return tensors.take(y, x.shape);
  },

  FusedBatchNorm(call) {
    const { engine, tensors } = call.local;
    const x = numbers(call, 'x');
    const matrix = matrixOf(call, x);
    const { channels } = matrix;
    const [mean, variance] = [numbers(call, 'mean'), numbers(call, 'variance')];
    const [offset, scale] = [optionalNumbers(call, 'offset'), optionalNumbers(call, 'scale')];
    const eps = finite(call, 'varianceEpsilon');
    const given = Object.entries({ mean, variance, offset, scale }).filter(([, vector]) => vector);
    for (const [name, vector] of given)
      if (![1, channels, sizeOf(x.shape) || channels].includes(sizeOf(vector!.shape)))
        throw misfit(
          call,
          `${name} of one value a channel [${channels}], one in all or x's shape`,
          `[${vector!.shape}]`,
        );
    if (given.some(([, vector]) => sizeOf(vector!.shape) !== channels))
      return new NotTaken('statistics of other shapes than one value a channel');
    const statistics = { mean: tensors.copy(mean), variance: tensors.copy(variance) };
    const w = scale ? tensors.copy(scale) : constant(channels, 1);
    const b = offset ? tensors.copy(offset) : constant(channels, 0);
    const y = normalize(engine, matrix, tensors.put(x), statistics, w, b, eps, { relu: false });
    return tensors.take(y, x.shape);
  },
})) satisfies KernelFamily;
