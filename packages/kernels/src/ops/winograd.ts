import { Op } from '../../assembly/ops.js';
import {
  TileInputField,
  TileOutputField,
  WinogradFilterField,
  WinogradFilterGradientField,
} from '../../assembly/winograd-fields.js';
import { type Engine, fields, type Pointer } from '../engine/index.js';
import type { Epilogue } from './convolution.js';
import {
  denseView,
  floatsOf,
  type Geometry,
  inputShape,
  type MapShape,
  type MapView,
  outputShape,
  type Padding,
  panelsOf,
  tilePadding,
} from './geometry.js';
import { putBias, putPadded } from './padded.js';
import { Activation, convolveTransposed, convolveWindows, type Windows } from './product.js';

/** Sizes and ops of one of the two schemes: F(2x2, 3x3) for 3 x 3 filters, F(2x2, 5x5) for 5 x 5. */
interface Scheme {
  readonly kernel: number;
  /** Positions in an input tile: 4 x 4 or 6 x 6. */
  readonly planes: number;
  /**
   * Number of tiles to transform, multiply and transform back at a time, so that intermediate values stay in the cache.
   */
  readonly chunk: number;
  readonly ops: Readonly<Record<'input' | 'gradient' | 'output' | 'filter' | 'filterGradient', Op>>;
}

const SCHEMES: readonly Scheme[] = [
  {
    kernel: 3,
    planes: 16,
    chunk: 256,
    ops: {
      input: Op.TransformInput3x3,
      gradient: Op.TransformGradient3x3,
      output: Op.TransformOutput3x3,
      filter: Op.TransformFilter3x3,
      filterGradient: Op.TransformFilterGradient3x3,
    },
  },
  {
    kernel: 5,
    planes: 36,
    chunk: 64,
    ops: {
      input: Op.TransformInput5x5,
      gradient: Op.TransformGradient5x5,
      output: Op.TransformOutput5x5,
      filter: Op.TransformFilter5x5,
      filterGradient: Op.TransformFilterGradient5x5,
    },
  },
];

const schemeFor = (g: Geometry): Scheme | undefined =>
  SCHEMES.find(({ kernel }) => g.kernelHeight === kernel && g.kernelWidth === kernel);

/** Returns the scheme of a geometry that `takesWinograd` accepts. */
const schemeOf = (g: Geometry): Scheme => schemeFor(g)!;

/** Gap in floats between planes whose sizes are powers of two, whose stores would otherwise meet in one cache set. */
const PLANE_GAP = 16;

/** Returns true if Winograd's filtering can compute the geometry. `algorithms.ts` decides whether it is faster. */
export const takesWinograd = (g: Geometry): boolean =>
  schemeFor(g) !== undefined &&
  g.strideHeight === 1 &&
  g.strideWidth === 1 &&
  g.dilationHeight === 1 &&
  g.dilationWidth === 1 &&
  g.groups === 1 &&
  g.inChannels % 4 === 0 &&
  g.outChannels % 4 === 0;

interface Tiling extends Scheme {
  readonly rows: number;
  readonly columns: number;
  readonly tiles: number;
}

function tilingOf(g: Geometry): Tiling {
  const [rows, columns] = [Math.ceil(g.outHeight / 2), Math.ceil(g.outWidth / 2)];
  return { ...schemeOf(g), rows, columns, tiles: g.images * rows * columns };
}

/** Returns the padding of a map for `winograd`: with zeros up to whole tiles. */
export const winogradPadding = (g: Geometry): Padding => tilePadding(g, 2);

const putInput = (engine: Engine, g: Geometry, x: Float32Array): MapView =>
  putPadded(engine, x, inputShape(g), winogradPadding(g));

/** Consecutive tiles of one dispatch. */
interface Chunk {
  readonly firstTile: number;
  readonly tiles: number;
  readonly tilesPerTask: number;
}

function chunksOf({ tiles: all, chunk }: Tiling): Chunk[] {
  return Array.from({ length: Math.ceil(all / chunk) }, (_, index) => {
    const tiles = Math.min(chunk, all - index * chunk);
    return { firstTile: index * chunk, tiles, tilesPerTask: Math.max(4, Math.ceil(tiles / 16)) };
  });
}

/** Memory for the values of a chunk's tiles, and the distance between its planes. */
interface TileValues {
  readonly pointer: Pointer;
  readonly plane: number;
  readonly channels: number;
}

function allocTiles(engine: Engine, { tiles, chunk, planes }: Tiling, channels: number): TileValues {
  const plane = Math.min(chunk, tiles) * channels + PLANE_GAP;
  return { pointer: engine.alloc(planes * plane), plane, channels };
}

function transform(engine: Engine, op: Op, map: MapView, tiling: Tiling, chunk: Chunk, to: TileValues): void {
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
      ...chunk,
      output: to.pointer,
      outputPlane: 4 * to.plane,
    }),
  );
}

/** Views tiles as the positions of a product with a single tap. */
const tileWindows = ({ pointer, channels }: TileValues, tiles: number): Windows => ({
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

/** Returns the floats from one plane of a transformed filter to the next. */
export const filterPlane = (rows: number, columns: number): number => panelsOf(columns) * 16 * rows + PLANE_GAP;

/** Returns the number of floats of a filter transformed for `winograd` or `winogradInputGradient`. */
export const winogradFilterFloats = (g: Geometry): number =>
  schemeOf(g).planes * Math.max(filterPlane(g.inChannels, g.outChannels), filterPlane(g.outChannels, g.inChannels));

/** Transforms a filter [kernel, kernel, c, o] for `winograd`; rotated by 180 degrees for `winogradInputGradient`. */
export function transformFilter(
  engine: Engine,
  g: Geometry,
  filter: Float32Array,
  into: Pointer,
  rotated: boolean,
): void {
  const { inChannels, outChannels } = g;
  const { kernel, ops } = schemeOf(g);
  const count = kernel * kernel;
  const source = engine.put(filter);
  const [rows, columns] = rotated ? [outChannels, inChannels] : [inChannels, outChannels];
  const [rowStep, columnStep] = rotated ? [1, outChannels] : [outChannels, 1];
  const taps = Array.from(
    { length: count },
    (_, tap) => 4 * (rotated ? count - 1 - tap : tap) * inChannels * outChannels,
  );
  engine.dispatch(
    ops.filter,
    panelsOf(columns),
    fields(WinogradFilterField, {
      source,
      tapTable: engine.putWords(taps),
      rows,
      columns,
      rowStep: 4 * rowStep,
      columnStep: 4 * columnStep,
      output: into,
      outputPlane: 4 * filterPlane(rows, columns),
    }),
  );
}

/**
 * Computes activation(x * filter + bias) as F(2x2, kernel x kernel), from a map with the padding of `winogradPadding`
 * into another map.
 *
 * @param weights the filter from `transformFilter`
 */
export function winogradMap(
  engine: Engine,
  g: Geometry,
  from: MapView,
  weights: Pointer,
  to: MapView,
  epilogue: Epilogue,
): void {
  const tiling = tilingOf(g);
  const inputs = allocTiles(engine, tiling, g.inChannels);
  const products = allocTiles(engine, tiling, g.outChannels);
  for (const chunk of chunksOf(tiling)) {
    transform(engine, tiling.ops.input, from, tiling, chunk, inputs);
    convolveWindows(engine, {
      windows: tileWindows(inputs, chunk.tiles),
      weights,
      channels: g.outChannels,
      output: products.pointer,
      outputImage: 0,
      outputRow: 0,
      outputColumn: g.outChannels,
      planes: tiling.planes,
      planeSteps: {
        input: inputs.plane,
        weights: filterPlane(g.inChannels, g.outChannels),
        output: products.plane,
        bias: 0,
      },
    });
    engine.dispatch(
      tiling.ops.output,
      Math.ceil(chunk.tiles / chunk.tilesPerTask),
      fields(TileOutputField, {
        input: products.pointer,
        inputPlane: 4 * products.plane,
        channels: g.outChannels,
        tileRows: tiling.rows,
        tileColumns: tiling.columns,
        ...chunk,
        output: to.pointer,
        outImage: 4 * to.image,
        outRow: 4 * to.row,
        outPixel: 4 * to.pixel,
        outHeight: g.outHeight,
        outWidth: g.outWidth,
        ...epilogue,
      }),
    );
  }
}

/**
 * Computes activation(x * filter + bias): [n, h, w, c] to [n, outHeight, outWidth, outChannels].
 *
 * @param weights the filter from `transformFilter`
 */
export function winograd(
  engine: Engine,
  g: Geometry,
  x: Float32Array,
  weights: Pointer,
  bias: Float32Array | undefined,
  activation: Activation,
): Pointer {
  const map = putInput(engine, g, x);
  const output = engine.alloc(floatsOf(outputShape(g)));
  winogradMap(engine, g, map, weights, denseView(output, outputShape(g)), {
    bias: bias ? putBias(engine, bias, 1) : 0,
    activation,
    accumulate: false,
  });
  return output;
}

/** Returns the convolution of the output's gradient with the rotated filter that gives the input's gradient. */
const rotatedGeometry = (g: Geometry): Geometry => ({
  ...g,
  inHeight: g.outHeight,
  inWidth: g.outWidth,
  inChannels: g.outChannels,
  outHeight: g.inHeight,
  outWidth: g.inWidth,
  outChannels: g.inChannels,
  top: g.kernelHeight - 1 - g.top,
  left: g.kernelWidth - 1 - g.left,
});

/**
 * Returns true if the input's gradient can be computed so: no output reads padding alone, which the convolution with
 * the rotated filter would have to leave out.
 */
export const takesWinogradInputGradient = (g: Geometry): boolean =>
  takesWinograd(g) && g.top < g.kernelHeight && g.left < g.kernelWidth;

/** Computes the gradient of the input with the rotated filter: dy [n, outHeight, outWidth, o] to [n, h, w, c]. */
export const winogradInputGradient = (engine: Engine, g: Geometry, dy: Float32Array, weights: Pointer): Pointer =>
  winograd(engine, rotatedGeometry(g), dy, weights, undefined, Activation.linear);

/**
 * Computes the gradient of the filter as F(kernel x kernel, 2x2): x [n, h, w, c] and dy [n, outHeight, outWidth, o] to
 * [kernel, kernel, c, o].
 */
export function winogradFilterGradient(engine: Engine, g: Geometry, x: Float32Array, dy: Float32Array): Pointer {
  const tiling = tilingOf(g);
  const map = putInput(engine, g, x);
  const shape: MapShape = outputShape(g);
  const gradient = putPadded(engine, dy, shape, {
    top: 0,
    bottom: shape.height % 2,
    left: 0,
    right: shape.width % 2,
  });
  const values = g.inChannels * g.outChannels;
  const output = engine.alloc(tiling.kernel ** 2 * values);
  const plane = values + PLANE_GAP;
  const products = engine.alloc(tiling.planes * plane);
  const inputs = allocTiles(engine, tiling, g.inChannels);
  const gradients = allocTiles(engine, tiling, g.outChannels);
  for (const chunk of chunksOf(tiling)) {
    transform(engine, tiling.ops.input, map, tiling, chunk, inputs);
    transform(engine, tiling.ops.gradient, gradient, tiling, chunk, gradients);
    convolveTransposed(engine, {
      windows: tileWindows(inputs, chunk.tiles),
      gradient: gradients.pointer,
      gradientPosition: g.outChannels,
      channels: g.outChannels,
      output: products,
      outputRow: g.outChannels,
      accumulate: chunk.firstTile > 0,
      planes: tiling.planes,
      planeSteps: { input: inputs.plane, gradient: gradients.plane, output: plane },
    });
  }
  const valuesPerTask = 4 * Math.ceil(values / 4 / (4 * engine.threads));
  engine.dispatch(
    tiling.ops.filterGradient,
    Math.ceil(values / valuesPerTask),
    fields(WinogradFilterGradientField, {
      input: products,
      inputPlane: 4 * plane,
      output,
      outputTap: 4 * values,
      values,
      valuesPerTask,
    }),
  );
  return output;
}
