import { Op } from '../../assembly/ops.js';
import { Winograd4x4Field } from '../../assembly/winograd-fields.js';
import { type Engine, fields, type Pointer, SCRATCH_BYTES } from '../engine/index.js';
import type { Epilogue } from './convolution.js';
import { type Geometry, type MapView, type Padding, panelsOf, tilePadding } from './geometry.js';
import { filterPlane, packPlanes, takesWinograd } from './winograd.js';

/** Rows and columns of a tile's outputs, and positions in a tile of the input. */
const SIDE = 4;
const PLANES = 36;
/** Most channels of the input: more leave scratch memory no room for tiles enough to pay for reading the weights. */
const MOST_CHANNELS = 512;
/** Most tiles of a task, least tiles unless there are fewer, and least tasks a thread. */
const MOST_TILES = 64;
const LEAST_TILES = 16;
const TASKS = 2;

/** Returns true if F(4x4, 3x3) can compute the geometry. `algorithms.ts` decides whether it is faster. */
export const takesWinograd4x4 = (g: Geometry): boolean =>
  takesWinograd(g) && g.kernelHeight === 3 && g.inChannels <= MOST_CHANNELS;

const tilingOf = (g: Geometry): { rows: number; columns: number } => ({
  rows: Math.ceil(g.outHeight / SIDE),
  columns: Math.ceil(g.outWidth / SIDE),
});

/** Returns the padding of a map for `winograd4x4`: with zeros up to whole tiles. */
export const winograd4x4Padding = (g: Geometry): Padding => tilePadding(g, SIDE);

/** Returns the number of floats of a filter that `transformFilter4x4` transforms. */
export const winograd4x4Floats = (g: Geometry): number => PLANES * filterPlane(g);

/** Transforms a filter for `winograd4x4`. See `packPlanes`. */
export function transformFilter4x4(
  engine: Engine,
  g: Geometry,
  filter: Float32Array,
  into: Pointer,
  rotated: boolean,
): void {
  packPlanes(engine, Op.TransformFilter4x4, g, filter, into, rotated);
}

/** Returns the most tiles of a task whose values have room in scratch memory (assembly/winograd-4x4.ts). */
function mostTiles({ inChannels }: Geometry): number {
  const floats = SCRATCH_BYTES / 4 - 256;
  const [perTile, perPlane] = [inChannels + 16, 48];
  return Math.min(MOST_TILES, 2 * Math.floor((floats / PLANES - perPlane) / perTile / 2));
}

/**
 * Divides tiles and panels into tasks: equally many blocks of tiles for each thread, then panels. Every task of some panels
 * transforms its tiles anew, and every block of tiles reads all weights.
 */
function divide(g: Geometry, tiles: number, threads: number): [number, number] {
  const blocks = threads * Math.ceil(tiles / (threads * mostTiles(g)));
  const tilesPerTask = Math.min(
    tiles,
    Math.max(Math.min(LEAST_TILES, mostTiles(g)), 2 * Math.ceil(tiles / (2 * blocks))),
  );
  const enough = threads === 1 ? 1 : TASKS * threads;
  const panels = panelsOf(g.outChannels);
  let panelsPerTask = panels;
  const tasks = () => Math.ceil(tiles / tilesPerTask) * Math.ceil(panels / panelsPerTask);
  while (tasks() < enough && panelsPerTask > 2) panelsPerTask = Math.ceil(panelsPerTask / 2);
  return [tilesPerTask, panelsPerTask];
}

/**
 * Computes activation(x * filter + bias) as F(4x4, 3x3), from a map with the padding of `winograd4x4Padding` into another
 * map.
 *
 * @param weights the filter from `transformFilter4x4`
 */
export function winograd4x4(
  engine: Engine,
  g: Geometry,
  from: MapView,
  weights: Pointer,
  to: MapView,
  epilogue: Epilogue,
): void {
  const { rows: tileRows, columns: tileColumns } = tilingOf(g);
  const tiles = g.images * tileRows * tileColumns;
  const [tilesPerTask, panelsPerTask] = divide(g, tiles, engine.threads);
  engine.dispatch(
    Op.Winograd4x4,
    Math.ceil(tiles / tilesPerTask) * Math.ceil(panelsOf(g.outChannels) / panelsPerTask),
    fields(Winograd4x4Field, {
      map: from.pointer,
      mapImage: 4 * from.image,
      mapRow: 4 * from.row,
      mapPixel: 4 * from.pixel,
      inputChannels: g.inChannels,
      weights,
      weightsPlane: 4 * filterPlane(g),
      tileRows,
      tileColumns,
      tiles,
      tilesPerTask,
      panelsPerTask,
      output: to.pointer,
      outImage: 4 * to.image,
      outRow: 4 * to.row,
      outPixel: 4 * to.pixel,
      outHeight: g.outHeight,
      outWidth: g.outWidth,
      channels: g.outChannels,
      ...epilogue,
    }),
  );
}
