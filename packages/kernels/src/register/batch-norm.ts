import type { TensorInfo } from '@tensorflow/tfjs-core';
import { KernelError } from '../errors.js';
import { batchNormGradient, batchStatistics, type Matrix, normalize } from '../ops/batch-norm.js';
import { notFloats } from './floats.js';
import { type KernelCall, type KernelFamily, NotTaken } from './registry.js';

const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((product, extent) => product * extent, 1);

/** x as a matrix whose columns are its last axis. */
function matrixOf({ shape }: TensorInfo): Matrix {
  const channels = shape.at(-1) ?? 1;
  return { rows: shape.slice(0, -1).reduce((product, extent) => product * extent, 1), channels };
}

/** Whether the attributes ask for a ReLU. */
function isRelu({ attrs }: KernelCall): boolean {
  const { activation } = attrs;
  if (activation !== 'linear' && activation !== 'relu')
    throw new KernelError(`Batch normalization expects the activation 'linear' or 'relu', not '${activation}'.`);
  return activation === 'relu';
}

/** Refuses tensors that do not fit x. */
function checkShapes({ inputs }: KernelCall, { channels }: Matrix, vectors: readonly string[], maps: string[]): void {
  const x = inputs.x!;
  for (const name of vectors) {
    const vector = inputs[name];
    if (vector?.shape.join() !== String(channels))
      throw new KernelError(
        `Batch normalization of x [${x.shape}] expects ${name} [${channels}], not [${vector?.shape}].`,
      );
  }
  for (const name of maps) {
    const map = inputs[name];
    if (map && map.shape.join() !== x.shape.join())
      throw new KernelError(`Batch normalization expects ${name} of x's shape [${x.shape}], not [${map.shape}].`);
  }
}

/** A vector of ones or zeros, where a scale or an offset is left out. */
const constant = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

/** Batch normalization over all axes but the last. */
export const batchNorm: KernelFamily = () => ({
  /**
   * By the statistics of the batch. Inputs: x [..., c], weight [c], bias [c], and where one is to be added, residual
   * [..., c]. Attributes: `eps`; `activation`, 'linear' or 'relu', behind the residual. Results: y [..., c], mean [c],
   * variance [c], biased.
   */
  CnnzooBatchNorm(call) {
    const { inputs, attrs } = call;
    const { engine, tensors } = call.local;
    const { x, weight, bias, residual } = inputs as Record<string, TensorInfo>;
    const refused = notFloats(call);
    if (refused) return refused;
    const matrix = matrixOf(x!);
    checkShapes(call, matrix, ['weight', 'bias'], ['residual']);
    const relu = isRelu(call);
    const input = tensors.put(x!);
    const statistics = batchStatistics(engine, matrix, input);
    const joined = { residual: residual && tensors.put(residual), relu };
    const [w, b] = [tensors.copy(weight!), tensors.copy(bias!)];
    const y = normalize(engine, matrix, input, statistics, w, b, attrs.eps as number, joined);
    return [
      tensors.take(y, x!.shape),
      tensors.from(statistics.mean, weight!.shape),
      tensors.from(statistics.variance, weight!.shape),
    ];
  },

  /**
   * Inputs: dy, x, y [..., c], weight, mean, variance [c] (what CnnzooBatchNorm took and gave). Attributes: those of
   * CnnzooBatchNorm, and `residual`, whether one was added. Results: dx [..., c], dWeight [c], dBias [c], and where
   * there was a residual, dResidual [..., c].
   */
  CnnzooBatchNormGrad(call) {
    const { inputs, attrs } = call;
    const { engine, tensors } = call.local;
    const { dy, x, y, weight, mean, variance } = inputs as Record<string, TensorInfo>;
    const refused = notFloats(call);
    if (refused) return refused;
    const matrix = matrixOf(x!);
    checkShapes(call, matrix, ['weight', 'mean', 'variance'], ['dy', 'y']);
    const relu = isRelu(call);
    const residual = attrs.residual === true;
    const gradient = batchNormGradient(
      engine,
      matrix,
      tensors.put(x!),
      tensors.put(dy!),
      relu ? tensors.put(y!) : undefined,
      tensors.copy(mean!),
      tensors.copy(variance!),
      tensors.copy(weight!),
      attrs.eps as number,
      residual && relu,
    );
    const { inputGradient, residualGradient, weightGradient, biasGradient } = gradient;
    const results = [
      tensors.take(inputGradient, x!.shape),
      tensors.from(weightGradient, weight!.shape),
      tensors.from(biasGradient, weight!.shape),
    ];
    if (residual)
      results.push(residualGradient === undefined ? tensors.alias(dy!) : tensors.take(residualGradient, x!.shape));
    return results;
  },

  /**
   * By given statistics. Inputs: x [..., c], mean, variance, weight, bias [c], and where one is to be added, residual
   * [..., c]. Attributes: `eps`; `activation`, 'linear' or 'relu', behind the residual. Result: y [..., c].
   */
  CnnzooBatchNormInference(call) {
    const { inputs, attrs } = call;
    const { engine, tensors } = call.local;
    const { x, mean, variance, weight, bias, residual } = inputs as Record<string, TensorInfo>;
    const refused = notFloats(call);
    if (refused) return refused;
    const matrix = matrixOf(x!);
    checkShapes(call, matrix, ['mean', 'variance', 'weight', 'bias'], ['residual']);
    const statistics = { mean: tensors.copy(mean!), variance: tensors.copy(variance!) };
    const joined = { residual: residual && tensors.put(residual), relu: isRelu(call) };
    const [w, b] = [tensors.copy(weight!), tensors.copy(bias!)];
    const y = normalize(engine, matrix, tensors.put(x!), statistics, w, b, attrs.eps as number, joined);
    return tensors.take(y, x!.shape);
  },

  FusedBatchNorm(call) {
    const { inputs, attrs } = call;
    const { engine, tensors } = call.local;
    const { x, mean, variance, offset, scale } = inputs as Record<string, TensorInfo>;
    const matrix = matrixOf(x!);
    const { channels } = matrix;
    if ([mean, variance, offset, scale].some((vector) => vector && sizeOf(vector) !== channels))
      return new NotTaken('statistics of other shapes than one value a channel');
    const refused = notFloats(call);
    if (refused) return refused;
    const statistics = { mean: tensors.copy(mean!), variance: tensors.copy(variance!) };
    const w = scale ? tensors.copy(scale) : constant(channels, 1);
    const b = offset ? tensors.copy(offset) : constant(channels, 0);
    const y = normalize(engine, matrix, tensors.put(x!), statistics, w, b, attrs.varianceEpsilon as number, {
      relu: false,
    });
    return tensors.take(y, x!.shape);
  },
});
