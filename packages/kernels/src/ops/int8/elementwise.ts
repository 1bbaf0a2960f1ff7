import { Int8MapField, Int8MapKind } from '../../../assembly/int8-fields.js';
import { Op } from '../../../assembly/ops.js';
import { fields, floatBits, rowsPerTask } from '../../engine/index.js';
import {
  checkLimits,
  checkMap,
  checkSameShape,
  checkScale,
  type Dispatch,
  FLOAT32,
  type Float32Map,
  INT16,
  type Int16Map,
  type StridedMap,
} from './map.js';

/** Map of elements of `bytes` bytes. */
interface Operand {
  readonly map: StridedMap;
  readonly bytes: number;
}

interface Factors {
  readonly ratio?: number;
  readonly secondRatio?: number;
  readonly low?: number;
  readonly high?: number;
}

/** Returns a map whose rows are one pixel of all their channels. */
const flattened = (map: StridedMap): StridedMap => ({ ...map, width: 1, channels: map.width * map.channels });

function dispatch(
  kind: Int8MapKind,
  threads: number,
  operands: { first: Operand; second?: Operand; output: Operand },
  { ratio = 1, secondRatio = 1, low = 0, high = 0 }: Factors,
): Dispatch {
  const { first, second = first, output } = operands;
  const all = [first, second, output];
  for (const { map, bytes } of all) {
    checkMap(map, bytes);
    checkSameShape(map, output.map);
  }
  const isDense = all.every(({ map }) => map.pixelStep === map.channels);
  const [a, b, to] = all.map(({ map, bytes }) => {
    const { pointer, imageStep, rowStep, pixelStep } = map;
    return { pointer, image: bytes * imageStep, row: bytes * rowStep, pixel: bytes * pixelStep };
  }) as [Steps, Steps, Steps];
  const { images, height, width, channels } = isDense ? flattened(output.map) : output.map;
  const perTask = rowsPerTask(images * height, threads);
  return {
    op: Op.Int8Map,
    tasks: Math.ceil((images * height) / perTask),
    words: fields(Int8MapField, {
      kind,
      images,
      height,
      width,
      channels,
      first: a.pointer,
      firstImage: a.image,
      firstRow: a.row,
      firstPixel: a.pixel,
      second: b.pointer,
      secondImage: b.image,
      secondRow: b.row,
      secondPixel: b.pixel,
      output: to.pointer,
      outputImage: to.image,
      outputRow: to.row,
      outputPixel: to.pixel,
      ratio: floatBits(ratio),
      secondRatio: floatBits(secondRatio),
      low: floatBits(low),
      high: floatBits(high),
      rowsPerTask: perTask,
    }),
  };
}

/** Address and steps of a map in bytes. */
interface Steps {
  readonly pointer: number;
  readonly image: number;
  readonly row: number;
  readonly pixel: number;
}

const int16 = (map: Int16Map): Operand => ({ map, bytes: INT16 });
const float32 = (map: Float32Map): Operand => ({ map, bytes: FLOAT32 });

/** Ratios of two maps' scales to that of their sum, and the sum's limits. */
export interface Int8Sum {
  readonly ratio: number;
  readonly secondRatio: number;
  /** Least and largest sum less the zero point. A ReLU is a `low` of 0 or more. */
  readonly low: number;
  readonly high: number;
}

/**
 * Returns the dispatch of first * ratio + second * secondRatio, clamped, rounded to nearest, ties to even. The output may
 * be one of the maps.
 */
export function int8Add(threads: number, first: Int16Map, second: Int16Map, output: Int16Map, sum: Int8Sum): Dispatch {
  checkScale('The ratio of the scales of the first map and the sum', sum.ratio);
  checkScale('The ratio of the scales of the second map and the sum', sum.secondRatio);
  checkLimits(sum.low, sum.high);
  const operands = { first: int16(first), second: int16(second), output: int16(output) };
  return dispatch(Int8MapKind.add, threads, operands, sum);
}

/** Returns the dispatch of a copy, such as into a slice of a concatenation. */
export const int8Copy = (threads: number, from: Int16Map, to: Int16Map): Dispatch =>
  dispatch(Int8MapKind.copy, threads, { first: int16(from), output: int16(to) }, {});

/**
 * Returns the dispatch of x / scale, clamped to [low, high], rounded to nearest, ties to even. NaN becomes `low`.
 *
 * @param low least quantized value less the zero point; `high` likewise
 */
export function quantizeMap(
  threads: number,
  from: Float32Map,
  to: Int16Map,
  { scale, low, high }: { scale: number; low: number; high: number },
): Dispatch {
  checkScale('The scale', scale);
  checkLimits(low, high);
  return dispatch(
    Int8MapKind.quantize,
    threads,
    { first: float32(from), output: int16(to) },
    { ratio: scale, low, high },
  );
}

/** Returns the dispatch of values times their scale, in float32. */
export function dequantizeMap(threads: number, from: Int16Map, to: Float32Map, scale: number): Dispatch {
  checkScale('The scale', scale);
  return dispatch(Int8MapKind.dequantize, threads, { first: int16(from), output: float32(to) }, { ratio: scale });
}
