import type { Engine, Int16Map, MapView, Padding, Pointer } from '@cnnzoo/kernels/internal/engine';
import type { MapExtents } from './shapes.js';

/** Values of a map outside the kernels' memory: float32, or int16 for integers less their zero point. */
export type Values = Float32Array | Int16Array;

/** Memory of a map with a border of zeros. */
export interface Room {
  readonly extents: MapExtents;
  readonly border: Padding;
  readonly isInteger: boolean;
}

export const NO_BORDER: Padding = { top: 0, bottom: 0, left: 0, right: 0 };

/** Returns the border that serves two needs. */
export const widest = (a: Padding, b: Padding): Padding => ({
  top: Math.max(a.top, b.top),
  bottom: Math.max(a.bottom, b.bottom),
  left: Math.max(a.left, b.left),
  right: Math.max(a.right, b.right),
});

const widthOf = ({ extents: [, , w], border }: Room): number => border.left + w + border.right;
const heightOf = ({ extents: [, h], border }: Room): number => border.top + h + border.bottom;
const elementBytes = ({ isInteger }: Pick<Room, 'isInteger'>): number => (isInteger ? 2 : 4);

/** Number of values, with the border. */
const countOf = (room: Room): number => room.extents[0] * heightOf(room) * widthOf(room) * room.extents[3];

export const bytesOf = (room: Room): number => elementBytes(room) * countOf(room);

/** Part of a room: its first pixel, and the distances in values between its images, rows and pixels. */
export interface RoomView extends MapView {
  readonly isInteger: boolean;
}

/** Views the channels of a room from `channel` on. */
export function viewOf(room: Room, pointer: Pointer, channel: number): RoomView {
  const pixel = room.extents[3];
  const row = widthOf(room) * pixel;
  const first = room.border.top * row + room.border.left * pixel + channel;
  const { isInteger } = room;
  return { pointer: pointer + elementBytes(room) * first, image: heightOf(room) * row, row, pixel, isInteger };
}

/** Moves the first pixel of a view to that of its padding. */
export const withPadding = (view: RoomView, { top, left }: Padding): MapView => ({
  ...view,
  pointer: view.pointer - elementBytes(view) * (top * view.row + left * view.pixel),
});

/** Returns a view as the integer kernels take it. */
export const strided = (view: MapView, [images, height, width, channels]: MapExtents): Int16Map => ({
  pointer: view.pointer,
  images,
  height,
  width,
  channels,
  imageStep: view.image,
  rowStep: view.row,
  pixelStep: view.pixel,
});

/** Views values in the memory, until it grows. */
function valuesAt(engine: Engine, pointer: Pointer, count: number, isInteger: boolean): Values {
  return isInteger ? new Int16Array(engine.view(0, 0).buffer, pointer, count) : engine.view(pointer, count);
}

/** Writes the zeros of a room's border. */
export function clearBorder(engine: Engine, room: Room, pointer: Pointer): void {
  const { top, bottom, left, right } = room.border;
  if (top + bottom + left + right === 0) return;
  const [images, height, width, channels] = room.extents;
  const values = valuesAt(engine, pointer, countOf(room), room.isInteger);
  let at = 0;
  const zeros = (pixels: number) => {
    values.fill(0, at, at + pixels * channels);
    at += pixels * channels;
  };
  for (let image = 0; image < images; image++) {
    zeros(top * widthOf(room) + left);
    for (let y = 0; y < height; y++) {
      at += width * channels;
      if (y < height - 1) zeros(left + right);
    }
    zeros(right + bottom * widthOf(room));
  }
}

/** Calls back for each contiguous stretch of a map: its address, its place among the map's values, its length. */
function eachStretch(
  view: RoomView,
  [images, height, width, channels]: MapExtents,
  visit: (pointer: Pointer, at: number, length: number) => void,
): void {
  const { pointer, image, row, pixel } = view;
  const bytes = elementBytes(view);
  const [stretches, length] = pixel === channels ? [1, width * channels] : [width, channels];
  let at = 0;
  for (let n = 0; n < images; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < stretches; x++, at += length)
        visit(pointer + bytes * (n * image + y * row + x * pixel), at, length);
}

/** Copies a map out of the memory: row-major, without gaps. */
export function readMap(engine: Engine, view: RoomView, extents: MapExtents): Values {
  const count = extents.reduce((product, extent) => product * extent, 1);
  const values = view.isInteger ? new Int16Array(count) : new Float32Array(count);
  eachStretch(view, extents, (pointer, at, length) =>
    values.set(valuesAt(engine, pointer, length, view.isInteger), at),
  );
  return values;
}

/** Copies values into a map. */
export function writeMap(engine: Engine, view: RoomView, extents: MapExtents, values: Values): void {
  eachStretch(view, extents, (pointer, at, length) =>
    valuesAt(engine, pointer, length, view.isInteger).set(values.subarray(at, at + length)),
  );
}
