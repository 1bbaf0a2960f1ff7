import { BatchNormField, GRADIENT_SUMS, STATISTICS_SUMS } from '../../assembly/batch-norm-fields.js';
import { Op } from '../../assembly/ops.js';
import { fields, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';

/** Map seen as a matrix: its rows are the pixels of all images, its columns the channels. */
export interface Matrix {
  readonly rows: number;
  readonly channels: number;
}

/** Operations fused after the normalization: `residual` is added, then a ReLU is applied. */
export interface Fused {
  readonly residual?: Pointer | undefined;
  readonly relu: boolean;
}

/**
 * Mean and variance of each channel in double precision. The variance is biased: the mean of the squared deviations.
 */
export interface Statistics {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Fewer rows than this are not worth a second thread. */
const LEAST_ROWS = 16;

interface BatchNormWords {
  readonly input: Pointer;
  readonly residual?: Pointer | undefined;
  readonly output?: Pointer;
  readonly outputGradient?: Pointer;
  readonly inputGradient?: Pointer;
  readonly residualGradient?: Pointer | undefined;
  readonly shift?: Pointer;
  readonly scale?: Pointer;
  readonly offset?: Pointer;
  readonly slope?: Pointer;
  readonly sums?: Pointer;
  readonly relu?: boolean;
}

const tasksOf = (engine: Workspace, rows: number): { perTask: number; tasks: number } => {
  const perTask = rowsPerTask(rows, engine.threads, LEAST_ROWS);
  return { perTask, tasks: Math.ceil(rows / perTask) };
};

/** Returns the number of channels, rounded up to whole vectors. */
const padded = (channels: number): number => Math.ceil(channels / 16) * 16;

function dispatch(engine: Workspace, op: Op, { rows, channels }: Matrix, words: BatchNormWords): void {
  const { perTask, tasks } = tasksOf(engine, rows);
  const none = { residual: 0, output: 0, outputGradient: 0, inputGradient: 0, residualGradient: 0, sums: 0 };
  const vectors = { shift: 0, scale: 0, offset: 0, slope: 0 };
  engine.dispatch(
    op,
    tasks,
    fields(BatchNormField, {
      ...none,
      ...vectors,
      relu: false,
      ...words,
      residual: words.residual ?? 0,
      residualGradient: words.residualGradient ?? 0,
      rows,
      channels,
      paddedChannels: padded(channels),
      rowsPerTask: perTask,
    }),
  );
}

/** Runs an op whose tasks each leave `count` doubles a channel. Returns one row for each task and sum. */
function sumsOfTasks(
  engine: Workspace,
  op: Op,
  matrix: Matrix,
  count: number,
  words: BatchNormWords,
): Float64Array[][] {
  const { tasks } = tasksOf(engine, matrix.rows);
  const width = padded(matrix.channels);
  const floats = 2 * width * count * tasks;
  const sums = engine.alloc(floats);
  dispatch(engine, op, matrix, { ...words, sums });
  const { buffer, byteOffset } = engine.view(sums, floats);
  return Array.from({ length: tasks }, (_, task) =>
    Array.from(
      { length: count },
      (_, sum) => new Float64Array(buffer, byteOffset + 8 * width * (task * count + sum), matrix.channels),
    ),
  );
}

/** Computes mean and variance of each channel. */
export function batchStatistics(engine: Workspace, matrix: Matrix, input: Pointer): Statistics {
  const { rows, channels } = matrix;
  const { perTask } = tasksOf(engine, rows);
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const tasks = sumsOfTasks(engine, Op.BatchNormStatistics, matrix, STATISTICS_SUMS, { input });
  tasks.forEach(([means, deviations], task) => {
    const seen = task * perTask;
    const n = Math.min(perTask, rows - seen);
    for (let c = 0; c < channels; c++) {
      const apart = means![c]! - mean[c]!;
      mean[c]! += (apart * n) / (seen + n);
      variance[c]! += deviations![c]! + (apart * apart * seen * n) / (seen + n);
    }
  });
  // Rounding may make the variance of a constant channel slightly negative.
  for (let c = 0; c < channels; c++) variance[c] = Math.max(0, variance[c]! / rows);
  return { mean, variance };
}

/** Places vectors of one float a channel in one block. Returns their addresses, by the names that `fill` uses. */
function vectors<Name extends string>(
  engine: Workspace,
  channels: number,
  names: readonly Name[],
  fill: (to: Readonly<Record<Name, Float32Array>>) => void,
): Record<Name, Pointer> {
  const width = padded(channels);
  const block = engine.alloc(names.length * width);
  const record = <T>(each: (i: number) => T) =>
    Object.fromEntries(names.map((name, i) => [name, each(i)])) as Record<Name, T>;
  const values = engine.view(block, names.length * width);
  fill(record((i) => values.subarray(i * width, i * width + channels)));
  return record((i) => block + 4 * width * i);
}

/** Computes (x - mean) / sqrt(variance + eps) * weight + bias, followed by the fused operations. */
export function normalize(
  engine: Workspace,
  matrix: Matrix,
  input: Pointer,
  { mean, variance }: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  eps: number,
  fused: Fused,
): Pointer {
  const { rows, channels } = matrix;
  const output = engine.alloc(rows * channels);
  const given = vectors(engine, channels, ['shift', 'scale', 'offset'], ({ shift, scale, offset }) => {
    for (let c = 0; c < channels; c++) {
      const factor = weight[c]! / Math.sqrt(variance[c]! + eps);
      // The mean is subtracted from x first, as a float: folding it into the offset would cancel digits of x if it is
      // large.
      const subtracted = Math.fround(mean[c]!);
      shift[c] = subtracted;
      scale[c] = factor;
      offset[c] = bias[c]! + (subtracted - mean[c]!) * factor;
    }
  });
  dispatch(engine, Op.BatchNormMap, matrix, {
    ...fused,
    input,
    output,
    ...given,
  });
  return output;
}

export interface BatchNormGradient {
  readonly inputGradient: Pointer;
  /** Present if `wantsResidual` is true. */
  readonly residualGradient?: Pointer;
  readonly weightGradient: Float64Array;
  readonly biasGradient: Float64Array;
}

/**
 * Computes the gradients of `normalize` with the statistics of the batch itself (Ioffe and Szegedy, section 3).
 *
 * @param output y, if a ReLU is fused: the gradient passes where y is positive
 * @param wantsResidual true to compute the gradient of the residual too. Without a ReLU it equals the gradient of the
 * output.
 */
export function batchNormGradient(
  engine: Workspace,
  matrix: Matrix,
  input: Pointer,
  outputGradient: Pointer,
  output: Pointer | undefined,
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  weight: ArrayLike<number>,
  eps: number,
  wantsResidual: boolean,
): BatchNormGradient {
  const { rows, channels } = matrix;
  const shared = {
    input,
    outputGradient,
    output: output ?? 0,
    relu: output !== undefined,
    ...vectors(engine, channels, ['shift'], ({ shift }) => shift.set(mean)),
  };
  const gradient = new Float64Array(channels);
  const gradientTimesInput = new Float64Array(channels);
  const centred = new Float64Array(channels);
  for (const [g, gx, x] of sumsOfTasks(engine, Op.BatchNormGradientSums, matrix, GRADIENT_SUMS, shared)) {
    for (let c = 0; c < channels; c++) {
      gradient[c]! += g![c]!;
      gradientTimesInput[c]! += gx![c]!;
      centred[c]! += x![c]!;
    }
  }
  const weightGradient = new Float64Array(channels);
  const factors = vectors(engine, channels, ['scale', 'slope', 'offset'], ({ scale, slope, offset }) => {
    for (let c = 0; c < channels; c++) {
      const inverseStd = 1 / Math.sqrt(variance[c]! + eps);
      // The mean was rounded to a float. If it is large, that error counts beside the deviations.
      const rounding = centred[c]! / rows;
      const alongWeight = (gradientTimesInput[c]! - rounding * gradient[c]!) * inverseStd;
      const factor = weight[c]! * inverseStd;
      const alongX = (-factor * inverseStd * alongWeight) / rows;
      weightGradient[c] = alongWeight;
      scale[c] = factor;
      slope[c] = alongX;
      offset[c] = (-factor * gradient[c]!) / rows - alongX * rounding;
    }
  });
  const inputGradient = engine.alloc(rows * channels);
  const residualGradient = wantsResidual ? engine.alloc(rows * channels) : undefined;
  dispatch(engine, Op.BatchNormGradientMap, matrix, {
    ...shared,
    inputGradient,
    residualGradient,
    ...factors,
  });
  return {
    inputGradient,
    ...(residualGradient !== undefined && { residualGradient }),
    weightGradient,
    biasGradient: gradient,
  };
}
