import type { Engine, Pointer } from '../src/engine/index.js';
import type { Geometry, MapShape, Padding } from '../src/ops/geometry.js';
import type { Dispatch, Int16Map } from '../src/ops/int8/index.js';
import type { Random } from './random.js';

const { fround } = Math;

/** Values of a map [images, height, width, channels], row after row. */
export interface MapValues extends MapShape {
  readonly values: Int16Array | Float32Array;
}

const sizeOf = ({ images, height, width, channels }: MapShape): number => images * height * width * channels;

/** Returns a map of random integers from `low` to `high`. */
export function randomMap(random: Random, shape: MapShape, low: number, high: number): MapValues {
  return { ...shape, values: Int16Array.from({ length: sizeOf(shape) }, () => random.integer(low, high)) };
}

export function randomInt8(random: Random, size: number, least = -127): Int8Array {
  return Int8Array.from({ length: size }, () => random.integer(least, 127));
}

/** Rounds to the nearest integer, ties to even; never to -0, which integers do not have. */
export function round(x: number): number {
  const below = Math.floor(x);
  const rounded = x - below === 0.5 ? below + Math.abs(below % 2) : Math.round(x);
  return rounded + 0;
}

export const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

/** Returns x * ratio + y * residualRatio in float32, clamped and rounded. */
export const weightedSum = (
  x: number,
  ratio: number,
  y: number,
  secondRatio: number,
  low: number,
  high: number,
): number => round(clamp(fround(fround(x * fround(ratio)) + fround(y * fround(secondRatio))), low, high));

/** Returns (sum + bias) * multiplier in float32. */
export const scaled = (sum: number, bias: number, multiplier: number): number =>
  fround(fround(sum + bias) * multiplier);

/** Computes the sums of a convolution by the definition, [n, outHeight, outWidth, o]. */
export function referenceSums(g: Geometry, x: ArrayLike<number>, filter: Int8Array): Float64Array {
  const [c, o] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const sums = new Float64Array(g.images * g.outHeight * g.outWidth * g.outChannels);
  for (let n = 0, to = 0; n < g.images; n++)
    for (let i = 0; i < g.outHeight; i++)
      for (let j = 0; j < g.outWidth; j++, to += g.outChannels)
        for (let a = 0; a < g.kernelHeight; a++)
          for (let b = 0; b < g.kernelWidth; b++) {
            const row = i * g.strideHeight + a * g.dilationHeight - g.top;
            const column = j * g.strideWidth + b * g.dilationWidth - g.left;
            if (row < 0 || row >= g.inHeight || column < 0 || column >= g.inWidth) continue;
            for (let group = 0; group < g.groups; group++)
              for (let k = 0; k < c; k++) {
                const value = x[((n * g.inHeight + row) * g.inWidth + column) * g.inChannels + group * c + k]!;
                const w = ((a * g.kernelWidth + b) * c + k) * g.outChannels + group * o;
                for (let m = 0; m < o; m++) sums[to + group * o + m]! += value * filter[w + m]!;
              }
          }
  return sums;
}

/** Map in memory, with its border and the channels beside it, which no kernel may change. */
export interface PlacedMap {
  readonly map: Int16Map;
  /** Reads the map's values. Throws if anything around them was changed. */
  read(): Int16Array | Float32Array;
}

/** Layout of a map in memory. */
export interface Placement {
  readonly border?: Padding;
  /** Channels before and after the map's in a pixel. */
  readonly before?: number;
  readonly after?: number;
  /** Value of the channels beside the map's. The border is zeros. */
  readonly beside?: number;
}

/** Copies a map into the arena. */
export function place(
  engine: Engine,
  source: MapValues,
  { border, before = 0, after = 0, beside = 111 }: Placement = {},
): PlacedMap {
  const { top = 0, bottom = 0, left = 0, right = 0 } = border ?? {};
  const { images, height, width, channels, values } = source;
  const pixelStep = before + channels + after;
  const rowStep = (left + width + right) * pixelStep;
  const imageStep = (top + height + bottom) * rowStep;
  const size = images * imageStep;
  const type = values instanceof Int16Array ? Int16Array : Float32Array;
  const block: Pointer = engine.alloc(Math.ceil((size * type.BYTES_PER_ELEMENT) / 4));
  const view = (): Int16Array | Float32Array => new type(engine.view(block, 1).buffer as ArrayBuffer, block, size);
  const first = top * rowStep + left * pixelStep + before;
  const at = (n: number, i: number, j: number) => first + n * imageStep + i * rowStep + j * pixelStep;
  const all = new type(size);
  if (before + after > 0) {
    for (let n = 0; n < images; n++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) all.fill(beside, at(n, i, j) - before, at(n, i, j) + channels + after);
  }
  let from = 0;
  for (let n = 0; n < images; n++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++, from += channels) all.set(values.subarray(from, from + channels), at(n, i, j));
  view().set(all);
  return {
    map: {
      pointer: block + first * type.BYTES_PER_ELEMENT,
      images,
      height,
      width,
      channels,
      imageStep,
      rowStep,
      pixelStep,
    },
    read() {
      const now = view().slice();
      const result = new type(values.length);
      let to = 0;
      for (let n = 0; n < images; n++)
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++, to += channels) {
            const start = at(n, i, j);
            result.set(now.subarray(start, start + channels), to);
            now.set(all.subarray(start, start + channels), start);
          }
      const changed = now.findIndex((value, index) => !Object.is(value, all[index]));
      if (changed >= 0) throw new Error(`Element ${changed} beside the map was changed.`);
      return result;
    },
  };
}

export const run = (engine: Engine, { op, tasks, words }: Dispatch): void => engine.dispatch(op, tasks, words);
