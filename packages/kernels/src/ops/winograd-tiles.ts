import type { Op } from '../../assembly/ops.js';
import { TileInputField } from '../../assembly/winograd-fields.js';
import { type Engine, fields, type Pointer } from '../engine/index.js';
import type { Geometry, MapView } from './geometry.js';
import type { Windows } from './product.js';

/** Sizes of a scheme F(side x side, kernel x kernel), or F(kernel x kernel, side x side) for the filter's gradient. */
export interface Scheme {
  readonly kernel: number;
  /** Rows and columns of a tile's outputs. */
  readonly side: number;
  /** Positions in an input tile: 4 x 4 or 6 x 6. */
  readonly planes: number;
  /**
   * Number of tiles to transform, multiply and transform back at a time, so that intermediate values stay in the cache.
   */
  readonly chunk: number;
}

/** Gap in floats between planes whose sizes are powers of two, whose stores would otherwise meet in one cache set. */
export const PLANE_GAP = 16;

export interface Tiling extends Scheme {
  readonly rows: number;
  readonly columns: number;
  readonly tiles: number;
}

/** Returns the number of tiles of the outputs of a convolution. */
export const tilesOf = ({ images, outHeight, outWidth }: Geometry, side: number): number =>
  images * Math.ceil(outHeight / side) * Math.ceil(outWidth / side);

export const tilingOf = <S extends Scheme>(scheme: S, g: Geometry): S & Tiling => ({
  ...scheme,
  rows: Math.ceil(g.outHeight / scheme.side),
  columns: Math.ceil(g.outWidth / scheme.side),
  tiles: tilesOf(g, scheme.side),
});

/** Consecutive tiles of one dispatch. */
export interface Chunk {
  readonly firstTile: number;
  readonly tiles: number;
  readonly tilesPerTask: number;
}

export function chunksOf({ tiles: all, chunk }: Tiling): Chunk[] {
  return Array.from({ length: Math.ceil(all / chunk) }, (_, index) => {
    const tiles = Math.min(chunk, all - index * chunk);
    return { firstTile: index * chunk, tiles, tilesPerTask: Math.max(4, Math.ceil(tiles / 16)) };
  });
}

/** Memory for the values of a chunk's tiles, and the distance between its planes. */
export interface TileValues {
  readonly pointer: Pointer;
  readonly plane: number;
  readonly channels: number;
}

export function allocTiles(engine: Engine, { tiles, chunk, planes }: Tiling, channels: number): TileValues {
  const plane = Math.min(chunk, tiles) * channels + PLANE_GAP;
  return { pointer: engine.alloc(planes * plane), plane, channels };
}

/** Transforms the tiles of a map that is padded to whole tiles. */
export function transformTiles(
  engine: Engine,
  op: Op,
  map: MapView,
  tiling: Tiling,
  chunk: Chunk,
  to: TileValues,
): void {
  engine.dispatch(
    op,
    Math.ceil(chunk.tiles / chunk.tilesPerTask),
    fields(TileInputField, {
      map: map.pointer,
      mapImage: 4 * map.image,
      mapRow: 4 * map.row,
      mapPixel: 4 * map.pixel,
      channels: to.channels,
      tileRows: tiling.rows,
      tileColumns: tiling.columns,
      tileStep: tiling.side,
      ...chunk,
      output: to.pointer,
      outputPlane: 4 * to.plane,
    }),
  );
}

/** Views tiles as the positions of a product with a single tap. */
export const tileWindows = ({ pointer, channels }: TileValues, tiles: number): Windows => ({
  input: pointer,
  images: 1,
  outHeight: 1,
  outWidth: tiles,
  inputImage: 0,
  inputRow: 0,
  inputColumn: channels,
  runs: [0],
  runLength: channels,
});
