import { Op } from '../../assembly/ops.js';
import { WinogradFilterGradientField } from '../../assembly/winograd-fields.js';
import { type Engine, fields, type Pointer } from '../engine/index.js';
import { type Geometry, inputShape, outputShape, tilePadding } from './geometry.js';
import { putPadded } from './padded.js';
import { convolveTransposed } from './product.js';
import {
  allocTiles,
  chunksOf,
  PLANE_GAP,
  type Scheme,
  tileWindows,
  tilingOf,
  transformTiles,
} from './winograd-tiles.js';

export interface GradientScheme extends Scheme {
  readonly ops: Readonly<Record<'input' | 'gradient' | 'filterGradient', Op>>;
}

/** F(3x3, 2x2). */
export const GRADIENT_3X3: GradientScheme = {
  kernel: 3,
  side: 2,
  planes: 16,
  chunk: 256,
  ops: {
    input: Op.TransformInput3x3,
    gradient: Op.TransformGradient3x3,
    filterGradient: Op.TransformFilterGradient3x3,
  },
};

/** F(3x3, 4x4). */
export const GRADIENT_4X4: GradientScheme = {
  kernel: 3,
  side: 4,
  planes: 36,
  chunk: 128,
  ops: {
    input: Op.TransformInput6x6,
    gradient: Op.TransformGradient4x4,
    filterGradient: Op.TransformFilterGradient4x4,
  },
};

/** F(5x5, 2x2). */
export const GRADIENT_5X5: GradientScheme = {
  kernel: 5,
  side: 2,
  planes: 36,
  chunk: 64,
  ops: {
    input: Op.TransformInput6x6,
    gradient: Op.TransformGradient5x5,
    filterGradient: Op.TransformFilterGradient5x5,
  },
};

/**
 * Computes the gradient of the filter as F(kernel x kernel, side x side): x [n, h, w, c] and dy [n, outHeight, outWidth, o]
 * to [kernel, kernel, c, o].
 */
export function winogradFilterGradient(
  engine: Engine,
  scheme: GradientScheme,
  g: Geometry,
  x: Float32Array,
  dy: Float32Array,
): Pointer {
  const tiling = tilingOf(scheme, g);
  const { side } = scheme;
  const map = putPadded(engine, x, inputShape(g), tilePadding(g, side));
  const shape = outputShape(g);
  const gradient = putPadded(engine, dy, shape, {
    top: 0,
    bottom: side * tiling.rows - shape.height,
    left: 0,
    right: side * tiling.columns - shape.width,
  });
  const values = g.inChannels * g.outChannels;
  const output = engine.alloc(tiling.kernel ** 2 * values);
  const plane = values + PLANE_GAP;
  const products = engine.alloc(tiling.planes * plane);
  const inputs = allocTiles(engine, tiling, g.inChannels);
  const gradients = allocTiles(engine, tiling, g.outChannels);
  for (const chunk of chunksOf(tiling)) {
    transformTiles(engine, tiling.ops.input, map, tiling, chunk, inputs);
    transformTiles(engine, tiling.ops.gradient, gradient, tiling, chunk, gradients);
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
