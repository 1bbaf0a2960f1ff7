import { Int8WinogradField, Int8WinogradFilterField } from '../../../assembly/int8-fields.js';
import { Op } from '../../../assembly/ops.js';
import { type Engine, fields, type Pointer } from '../../engine/index.js';
import { KernelError } from '../../errors.js';
import { type Geometry, PANEL, panelsOf } from '../geometry.js';
import { checkFilter, checkInput, type Int8Convolution } from './convolution.js';
import { epilogueWords } from './epilogue.js';
import { type Dispatch, INT16 } from './map.js';

/** Positions in a tile of 4 x 4. */
const PLANES = 16;
/** Most channels, so that int32 holds four times a sum: 1800 * 9 * 4 * 255 * 128 < 2^31. */
const MOST_CHANNELS = 1800;
/** Most tiles of a task, and most transformed values of a plane, which its thread's scratch memory holds. */
const MOST_TILES = 64;
const MOST_VALUES = 16_384;
/** Least tiles of a task, unless there are fewer, and least tasks a thread. */
const LEAST_TILES = 16;
const TASKS = 2;

/** Returns true if `int8Winograd` computes the geometry: 3 x 3, stride 1, at most 1800 channels of input. */
export const takesInt8Winograd = (g: Geometry): boolean =>
  g.kernelHeight === 3 &&
  g.kernelWidth === 3 &&
  g.strideHeight === 1 &&
  g.strideWidth === 1 &&
  g.dilationHeight === 1 &&
  g.dilationWidth === 1 &&
  g.groups === 1 &&
  g.inChannels <= MOST_CHANNELS;

function check(g: Geometry): void {
  if (!takesInt8Winograd(g))
    throw new KernelError(
      `Winograd's filtering takes 3 x 3 filters of stride 1, without dilation or groups, on at most ${MOST_CHANNELS} ` +
        'channels. Use int8Convolution.',
    );
}

/** Returns the number of bytes of a filter that `transformInt8Filter` transforms. */
export const transformedInt8Bytes = (g: Geometry): number =>
  panelsOf(g.outChannels) * PLANES * Math.ceil(g.inChannels / 2) * 2 * PANEL * INT16;

/**
 * Transforms a filter [3, 3, c, o] for `int8Winograd`: (2G) g (2G)^T in int16, [panels][16][pairs][16 columns][2]. Allocates
 * in the arena.
 */
export function transformInt8Filter(engine: Engine, g: Geometry, filter: Int8Array, into: Pointer): void {
  check(g);
  checkFilter(g, filter);
  const floats = Math.ceil(filter.length / 4);
  const source = engine.alloc(floats);
  const { buffer, byteOffset } = engine.view(source, floats);
  new Int8Array(buffer, byteOffset, filter.length).set(filter);
  engine.dispatch(
    Op.Int8WinogradFilter,
    panelsOf(g.outChannels),
    fields(Int8WinogradFilterField, { source, rows: g.inChannels, columns: g.outChannels, output: into }),
  );
}

/**
 * Divides tiles and panels into tasks: equally many blocks of tiles for each thread, then panels. Every task of some panels
 * transforms its tiles anew, and every block of tiles reads all weights.
 */
function divide(tiles: number, panels: number, channels: number, threads: number): [number, number] {
  const most = Math.min(MOST_TILES, 2 * Math.floor(MOST_VALUES / (2 * channels)));
  const blocks = threads * Math.ceil(tiles / (threads * most));
  const tilesPerTask = Math.min(tiles, Math.max(Math.min(most, LEAST_TILES), 2 * Math.ceil(tiles / (2 * blocks))));
  const enough = threads === 1 ? 1 : TASKS * threads;
  let panelsPerTask = panels;
  const tasks = () => Math.ceil(tiles / tilesPerTask) * Math.ceil(panels / panelsPerTask);
  while (tasks() < enough && panelsPerTask > 2) panelsPerTask = Math.ceil(panelsPerTask / 2);
  return [tilesPerTask, panelsPerTask];
}

/**
 * Returns the dispatch of a convolution with a filter of `transformInt8Filter`. Its results are those of
 * `int8Convolution`, bit for bit. The input's border of zeros covers whole tiles (`int8Border`).
 */
export function int8Winograd(threads: number, g: Geometry, { input, weights, epilogue }: Int8Convolution): Dispatch {
  check(g);
  checkInput(g, input);
  const [tileRows, tileColumns] = [Math.ceil(g.outHeight / 2), Math.ceil(g.outWidth / 2)];
  const tiles = g.images * tileRows * tileColumns;
  const panels = panelsOf(g.outChannels);
  const [tilesPerTask, panelsPerTask] = divide(tiles, panels, 8 * Math.ceil(g.inChannels / 8), threads);
  return {
    op: Op.Int8Winograd,
    tasks: Math.ceil(tiles / tilesPerTask) * Math.ceil(panels / panelsPerTask),
    words: [
      ...epilogueWords(g, epilogue),
      ...fields(Int8WinogradField, {
        input: input.pointer - INT16 * (g.top * input.rowStep + g.left * input.pixelStep),
        inputImage: INT16 * input.imageStep,
        inputRow: INT16 * input.rowStep,
        inputPixel: INT16 * input.pixelStep,
        inputChannels: g.inChannels,
        weights,
        tileRows,
        tileColumns,
        outHeight: g.outHeight,
        outWidth: g.outWidth,
        tiles,
        tilesPerTask,
        panelsPerTask,
      }),
    ],
  };
}
