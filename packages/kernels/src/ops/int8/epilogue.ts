import { EpilogueField, Int8Result } from '../../../assembly/int8-fields.js';
import { type Engine, fields, floatBits, type Pointer } from '../../engine/index.js';
import { KernelError } from '../../errors.js';
import { type Geometry, outputShape, PANEL, panelsOf } from '../geometry.js';
import { merge, mergedByOutput } from '../groups.js';
import {
  checkLimits,
  checkMap,
  checkSameShape,
  checkScale,
  FLOAT32,
  type Float32Map,
  INT16,
  type Int16Map,
} from './map.js';

/** Map that is added to a convolution's rounded result, as onnxruntime's QLinearAdd after a QLinearConv. */
export interface ResidualSum {
  /** Map of the output's shape. May be the output itself. */
  readonly residual: Int16Map;
  /** Scale of the convolution's result, and of the residual, over that of the sum. */
  readonly ratio: number;
  readonly residualRatio: number;
  /** Least and largest sum less the zero point. A ReLU is a `low` of 0 or more. */
  readonly low: number;
  readonly high: number;
}

interface Scaling {
  /** int32 [o] from `putColumns`, added to the sums. */
  readonly bias: Pointer;
  /** float32 [o] from `putColumns`, by which the sums are multiplied afterwards. */
  readonly multipliers: Pointer;
}

/** Epilogue that requantizes: clamp((sum + bias) * multiplier), rounded to nearest, ties to even. */
export interface Requantization extends Scaling {
  readonly to: 'int16';
  readonly output: Int16Map;
  /** Least and largest result less the zero point. A ReLU is a `low` of 0 or more. */
  readonly low: number;
  readonly high: number;
  /** Default: none. */
  readonly sum?: ResidualSum;
}

/** Epilogue that dequantizes: (sum + bias) * multiplier. */
export interface Dequantization extends Scaling {
  readonly to: 'float32';
  readonly output: Float32Map;
  /** Default: false. */
  readonly relu?: boolean;
}

export type Epilogue = Requantization | Dequantization;

/** Number of elements from the values of one plane's columns to those of the next. */
export const columnStep = (g: Geometry): number => PANEL * panelsOf(g.outChannels / g.groups);

/** Returns the number of floats for which `putColumns` needs a block. */
export function columnFloats(geometry: Geometry): number {
  const g = merge(geometry, mergedByOutput(geometry));
  return g.groups * columnStep(g);
}

/** Copies a value for each output channel, bias or multiplier, in the layout of the panels' columns. */
export function putColumns(engine: Engine, geometry: Geometry, values: Int32Array | Float32Array, into: Pointer): void {
  const g = merge(geometry, mergedByOutput(geometry));
  if (values.length !== g.outChannels)
    throw new KernelError(`${g.outChannels} values were expected, one an output channel, not ${values.length}.`);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const { buffer, byteOffset } = engine.view(into, columnFloats(geometry));
  const target = new Int32Array(buffer, byteOffset, columnFloats(geometry)).fill(0);
  const perPlane = g.outChannels / g.groups;
  for (let plane = 0; plane < g.groups; plane++)
    target.set(bits.subarray(plane * perPlane, (plane + 1) * perPlane), plane * columnStep(g));
}

const NO_MAP = { pointer: 0, imageStep: 0, rowStep: 0, pixelStep: 0 };
const NO_SUM = { ratio: 1, residualRatio: 0, low: 0, high: 0 };

/** Returns the words of an epilogue. */
export function epilogueWords(g: Geometry, epilogue: Epilogue): number[] {
  const { output, bias, multipliers } = epilogue;
  checkMap(output, epilogue.to === 'int16' ? INT16 : FLOAT32);
  checkSameShape(output, outputShape(g));
  const requantized = epilogue.to === 'int16' ? epilogue : undefined;
  const sum = requantized?.sum;
  if (requantized) checkLimits(requantized.low, requantized.high);
  if (sum) {
    checkMap(sum.residual, INT16);
    checkSameShape(sum.residual, output);
    checkLimits(sum.low, sum.high);
    checkScale('The ratio of the scales of convolution and sum', sum.ratio);
    checkScale('The ratio of the scales of residual and sum', sum.residualRatio);
  }
  const bytes = requantized ? INT16 : FLOAT32;
  const residual = sum?.residual ?? NO_MAP;
  const { ratio, residualRatio, low, high } = sum ?? NO_SUM;
  const relu = epilogue.to === 'float32' && epilogue.relu;
  return fields(EpilogueField, {
    result: sum ? Int8Result.int16Sum : requantized ? Int8Result.int16 : Int8Result.float32,
    channels: g.outChannels / g.groups,
    output: output.pointer,
    outputImage: bytes * output.imageStep,
    outputRow: bytes * output.rowStep,
    outputPixel: bytes * output.pixelStep,
    bias,
    multipliers,
    low: floatBits(requantized?.low ?? (relu ? 0 : Number.NEGATIVE_INFINITY)),
    high: floatBits(requantized?.high ?? Number.POSITIVE_INFINITY),
    residual: residual.pointer,
    residualImage: INT16 * residual.imageStep,
    residualRow: INT16 * residual.rowStep,
    residualPixel: INT16 * residual.pixelStep,
    ratio: floatBits(ratio),
    residualRatio: floatBits(residualRatio),
    sumLow: floatBits(low),
    sumHigh: floatBits(high),
    words: 0,
  }).slice(0, EpilogueField.words);
}
