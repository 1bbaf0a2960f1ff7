import { Op } from '../../assembly/ops.js';
import { TileOutputField, WinogradFilterField } from '../../assembly/winograd-fields.js';
import { type Engine, fields, type Pointer } from '../engine/index.js';
import type { Epilogue } from './convolution.js';
import { type Geometry, type MapView, type Padding, panelsOf, tilePadding } from './geometry.js';
import { convolveWindows } from './product.js';
import {
  allocTiles,
  chunksOf,
  PLANE_GAP,
  type Scheme,
  tileWindows,
  tilingOf,
  transformTiles,
} from './winograd-tiles.js';

interface ForwardScheme extends Scheme {
  readonly ops: Readonly<Record<'input' | 'output' | 'filter', Op>>;
}

const SCHEMES: readonly ForwardScheme[] = [
  {
    kernel: 3,
    side: 2,
    planes: 16,
    chunk: 256,
    ops: { input: Op.TransformInput3x3, output: Op.TransformOutput3x3, filter: Op.TransformFilter3x3 },
  },
  {
    kernel: 5,
    side: 2,
    planes: 36,
    chunk: 64,
    ops: { input: Op.TransformInput6x6, output: Op.TransformOutput5x5, filter: Op.TransformFilter5x5 },
  },
];

/** Returns the scheme of a geometry that `takesWinograd` accepts. */
const schemeOf = (g: Geometry): ForwardScheme => SCHEMES.find(({ kernel }) => g.kernelHeight === kernel)!;

/** Returns true if Winograd's filtering can compute the geometry. `algorithms.ts` decides whether it is faster. */
export const takesWinograd = (g: Geometry): boolean =>
  SCHEMES.some(({ kernel }) => g.kernelHeight === kernel && g.kernelWidth === kernel) &&
  g.strideHeight === 1 &&
  g.strideWidth === 1 &&
  g.dilationHeight === 1 &&
  g.dilationWidth === 1 &&
  g.groups === 1 &&
  g.inChannels % 4 === 0 &&
  g.outChannels % 4 === 0;

/** Returns the padding of a map for `winograd`: with zeros up to whole tiles. */
export const winogradPadding = (g: Geometry): Padding => tilePadding(g, schemeOf(g).side);

/** Returns the floats from one plane of a transformed filter to the next. */
export const filterPlane = ({ inChannels, outChannels }: Geometry): number =>
  panelsOf(outChannels) * 16 * inChannels + PLANE_GAP;

/** Returns the number of floats of a filter that `transformFilter` transforms. */
export const winogradFloats = (g: Geometry): number => schemeOf(g).planes * filterPlane(g);

/**
 * Transforms a filter into planes of packed panels.
 *
 * @param filter [kernel, kernel, c, o] of the convolution `g`; if `rotated`, [kernel, kernel, o, c] of the convolution whose
 *   input's gradient `g` computes, to be rotated by 180 degrees
 */
export function packPlanes(
  engine: Engine,
  op: Op,
  g: Geometry,
  filter: Float32Array,
  into: Pointer,
  rotated: boolean,
): void {
  const { inChannels: rows, outChannels: columns } = g;
  const count = g.kernelHeight * g.kernelWidth;
  const [rowStep, columnStep] = rotated ? [1, rows] : [columns, 1];
  const taps = Array.from({ length: count }, (_, tap) => 4 * (rotated ? count - 1 - tap : tap) * rows * columns);
  engine.dispatch(
    op,
    panelsOf(columns),
    fields(WinogradFilterField, {
      source: engine.put(filter),
      tapTable: engine.putWords(taps),
      rows,
      columns,
      rowStep: 4 * rowStep,
      columnStep: 4 * columnStep,
      output: into,
      outputPlane: 4 * filterPlane(g),
    }),
  );
}

/** Transforms a filter for `winograd`. See `packPlanes`. */
export function transformFilter(
  engine: Engine,
  g: Geometry,
  filter: Float32Array,
  into: Pointer,
  rotated: boolean,
): void {
  packPlanes(engine, schemeOf(g).ops.filter, g, filter, into, rotated);
}

/**
 * Computes activation(x * filter + bias) as F(2x2, kernel x kernel), from a map with the padding of `winogradPadding`
 * into another map.
 *
 * @param weights the filter from `transformFilter`
 */
export function winograd(
  engine: Engine,
  g: Geometry,
  from: MapView,
  weights: Pointer,
  to: MapView,
  epilogue: Epilogue,
): void {
  const tiling = tilingOf(schemeOf(g), g);
  const inputs = allocTiles(engine, tiling, g.inChannels);
  const products = allocTiles(engine, tiling, g.outChannels);
  for (const chunk of chunksOf(tiling)) {
    transformTiles(engine, tiling.ops.input, from, tiling, chunk, inputs);
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
        weights: filterPlane(g),
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
