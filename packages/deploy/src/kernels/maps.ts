import type { Engine, MapView, Padding, Pointer } from '@cnnzoo/kernels/engine';
import type { MapExtents } from './shapes.js';

/** Memory of a map of float32 values with a border of zeros. */
export interface Room {
  readonly extents: MapExtents;
  readonly border: Padding;
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

/** Number of values, with the border. */
export const floatsOf = (room: Room): number => room.extents[0] * heightOf(room) * widthOf(room) * room.extents[3];

/** Views the channels of a room from `channel` on. */
export function viewOf(room: Room, pointer: Pointer, channel: number): MapView {
  const pixel = room.extents[3];
  const row = widthOf(room) * pixel;
  const first = room.border.top * row + room.border.left * pixel + channel;
  return { pointer: pointer + 4 * first, image: heightOf(room) * row, row, pixel };
}

/** Moves the first pixel of a view to that of its padding. */
export const withPadding = (view: MapView, { top, left }: Padding): MapView => ({
  ...view,
  pointer: view.pointer - 4 * (top * view.row + left * view.pixel),
});

/** Writes the zeros of a room's border. */
export function clearBorder(engine: Engine, room: Room, pointer: Pointer): void {
  const { top, bottom, left, right } = room.border;
  if (top + bottom + left + right === 0) return;
  const [images, height, width, channels] = room.extents;
  const values = engine.view(pointer, floatsOf(room));
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
  { pointer, image, row, pixel }: MapView,
  [images, height, width, channels]: MapExtents,
  visit: (pointer: Pointer, at: number, length: number) => void,
): void {
  const joined = pixel === channels;
  const [stretches, length] = joined ? [1, width * channels] : [width, channels];
  let at = 0;
  for (let n = 0; n < images; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < stretches; x++, at += length)
        visit(pointer + 4 * (n * image + y * row + x * pixel), at, length);
}

/** Copies a map out of the memory: row-major, without gaps. */
export function readMap(engine: Engine, view: MapView, extents: MapExtents): Float32Array {
  const values = new Float32Array(extents.reduce((product, extent) => product * extent, 1));
  eachStretch(view, extents, (pointer, at, length) => values.set(engine.view(pointer, length), at));
  return values;
}

/** Copies values into a map. */
export function writeMap(engine: Engine, view: MapView, extents: MapExtents, values: Float32Array): void {
  eachStretch(view, extents, (pointer, at, length) =>
    engine.view(pointer, length).set(values.subarray(at, at + length)),
  );
}
