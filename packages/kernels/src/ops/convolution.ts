import type { Engine, Pointer } from '../engine/index.js';
import { type Geometry, inputPadding, inputShape, type MapView, PANEL, panelsOf } from './geometry.js';
import { merge, mergedByOutput, mergeFilter, splitFilter } from './groups.js';
import { panelBias, putPadded } from './padded.js';
import {
  type Activation,
  convolveTransposed,
  convolveWindows,
  packPanels,
  panelFloats,
  type Windows,
} from './product.js';

/** Returns the windows of the first group in a map with its padding. */
function windowsOf(g: Geometry, { pointer, image, row, pixel }: MapView): Windows {
  const perGroup = g.inChannels / g.groups;
  // Taps that are contiguous in memory form one run.
  const contiguous = g.groups === 1 && g.dilationWidth === 1 && pixel === g.inChannels;
  const [runsOfRow, runLength] = contiguous ? [1, g.kernelWidth * perGroup] : [g.kernelWidth, perGroup];
  const runs: number[] = [];
  for (let i = 0; i < g.kernelHeight; i++)
    for (let j = 0; j < runsOfRow; j++) runs.push(i * g.dilationHeight * row + j * g.dilationWidth * pixel);
  return {
    input: pointer,
    images: g.images,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    inputImage: image,
    inputRow: g.strideHeight * row,
    inputColumn: g.strideWidth * pixel,
    runs,
    runLength,
  };
}

/** Describes a filter [kh, kw, c / groups, o] as panels, one plane a group. */
const filterPanels = (g: Geometry) => ({
  planes: g.groups,
  taps: [0],
  rows: (g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups,
  columns: g.outChannels / g.groups,
  rowStep: g.outChannels,
  columnStep: 1,
  planeStep: g.outChannels / g.groups,
});

/** Returns the number of floats of a packed filter. */
export function packedFloats(geometry: Geometry): number {
  const g = merge(geometry, mergedByOutput(geometry));
  return g.groups * panelFloats(filterPanels(g));
}

/** Packs a filter [kh, kw, c / groups, o] for `convolve`. */
export function packFilter(engine: Engine, geometry: Geometry, filter: Float32Array, into: Pointer): void {
  const count = mergedByOutput(geometry);
  const source = engine.put(mergeFilter(geometry, count, filter));
  packPanels(engine, source, into, filterPanels(merge(geometry, count)));
}

/** End of a convolution: what happens to its sums. */
export interface Epilogue {
  /** Address of what `packBias` gives, or 0. */
  readonly bias: Pointer;
  readonly activation: Activation;
  /** True to add the sums to the values that the output holds, before the activation. */
  readonly accumulate: boolean;
}

/** Returns a bias [channels] as `convolveMap` reads it. */
export const packBias = (geometry: Geometry, bias: Float32Array): Float32Array =>
  panelBias(bias, geometry.groups / mergedByOutput(geometry));

/**
 * Computes activation(x * filter + bias) from a map with its padding into another map.
 *
 * @param weights the filter, packed by `packFilter`
 */
export function convolveMap(
  engine: Engine,
  geometry: Geometry,
  from: MapView,
  weights: Pointer,
  to: MapView,
  epilogue: Epilogue,
): void {
  const g = merge(geometry, mergedByOutput(geometry));
  const channels = g.outChannels / g.groups;
  convolveWindows(engine, {
    windows: windowsOf(g, from),
    weights,
    channels,
    output: to.pointer,
    outputImage: to.image,
    outputRow: to.row,
    outputColumn: to.pixel,
    ...epilogue,
    planes: g.groups,
    planeSteps: {
      input: g.inChannels / g.groups,
      weights: panelFloats(filterPanels(g)),
      output: channels,
      bias: PANEL * panelsOf(channels),
    },
  });
}

/**
 * Computes the gradient of the filter: x [n, h, w, c] and dy [n, outHeight, outWidth, o] to [kh, kw, c / groups, o].
 */
export function filterGradient(engine: Engine, geometry: Geometry, x: Float32Array, dy: Float32Array): Pointer {
  const count = mergedByOutput(geometry);
  const g = merge(geometry, count);
  const windows = windowsOf(g, putPadded(engine, x, inputShape(g), inputPadding(g)));
  const gradient = engine.put(dy);
  const floats = (g.kernelHeight * g.kernelWidth * g.inChannels * g.outChannels) / g.groups;
  const output = engine.alloc(floats);
  convolveTransposed(engine, {
    windows,
    gradient,
    gradientPosition: g.outChannels,
    channels: g.outChannels / g.groups,
    output,
    outputRow: g.outChannels,
    planes: g.groups,
    planeSteps: {
      input: g.inChannels / g.groups,
      gradient: g.outChannels / g.groups,
      output: g.outChannels / g.groups,
    },
  });
  if (count === 1) return output;
  const own = engine.alloc(floats / count);
  splitFilter(geometry, count, engine.view(output, floats), engine.view(own, floats / count));
  return own;
}
