import type { Op } from '../../../assembly/ops.js';
import type { Pointer } from '../../engine/index.js';
import { KernelError } from '../../errors.js';
import type { MapShape } from '../geometry.js';

/**
 * Map [images, height, width, channels] in the engine's memory. Its pixels may lie inside a padded buffer, or be a slice
 * of the channels of a larger map. Steps are in elements.
 */
export interface StridedMap extends MapShape {
  /** Address of the first pixel, in bytes. */
  readonly pointer: Pointer;
  /** Elements from one image, row and pixel to the next. */
  readonly imageStep: number;
  readonly rowStep: number;
  readonly pixelStep: number;
}

/** Map of int16: quantized values less their zero point, -255 to 255. */
export type Int16Map = StridedMap;

/** Map of float32. */
export type Float32Map = StridedMap;

/** Arguments of `engine.dispatch`. They hold as long as the blocks that they point to, so they can run many times. */
export interface Dispatch {
  readonly op: Op;
  readonly tasks: number;
  readonly words: readonly number[];
}

/** Bytes of an element. */
export const INT16 = 2;
export const FLOAT32 = 4;

/** Throws if two maps differ in shape. */
export function checkSameShape(a: MapShape, b: MapShape): void {
  const shape = ({ images, height, width, channels }: MapShape) => `[${[images, height, width, channels]}]`;
  if (shape(a) !== shape(b)) throw new KernelError(`Maps of one shape were expected, not ${shape(a)} and ${shape(b)}.`);
}

/** Throws if a map cannot be read or written by rows of vectors: an address or a step that is not a whole element. */
export function checkMap(map: StridedMap, bytes: number): void {
  const { pointer, pixelStep, channels, ...rest } = map;
  const counts = [channels, rest.images, rest.height, rest.width];
  const steps = [pixelStep, rest.rowStep, rest.imageStep];
  if (
    !counts.every((count) => Number.isSafeInteger(count) && count >= 1) ||
    !steps.every(Number.isSafeInteger) ||
    pixelStep < channels ||
    !Number.isSafeInteger(pointer) ||
    pointer < 0 ||
    pointer % bytes !== 0
  )
    throw new KernelError(
      `A map needs a size of at least 1, whole steps, at least as many elements a pixel as channels and an address at a ` +
        `multiple of ${bytes}, not ${JSON.stringify(map)}.`,
    );
}

/** Throws if a scale or a ratio is not a positive number. */
export function checkScale(name: string, value: number): void {
  if (!(value > 0 && Math.fround(value) > 0 && Math.fround(value) < Number.POSITIVE_INFINITY))
    throw new KernelError(`${name} must be a positive float32, not ${value}.`);
}

/** Throws if limits are not those of an int16 result. */
export function checkLimits(low: number, high: number): void {
  if (!(Number.isInteger(low) && Number.isInteger(high) && low <= high && low >= -255 && high <= 255))
    throw new KernelError(`A quantized result's limits are whole numbers from -255 to 255, not [${low}, ${high}].`);
}
