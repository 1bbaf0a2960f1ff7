import type { Engine, Pointer } from '../engine/index.js';
import { floatsOf, type Geometry, inputPadding, inputShape, outputShape, PANEL, panelsOf } from './geometry.js';
import { merge, mergedByOutput, mergeFilter, splitFilter } from './groups.js';
import { putBias, putPadded } from './padded.js';
import {
  type Activation,
  convolveTransposed,
  convolveWindows,
  packPanels,
  panelFloats,
  type Windows,
} from './product.js';

/** Copies the input into the arena. Returns the windows of its first group. */
function placeWindows(engine: Engine, g: Geometry, x: Float32Array): Windows {
  const map = putPadded(engine, x, inputShape(g), inputPadding(g));
  const row = map.width * map.channels;
  const perGroup = g.inChannels / g.groups;
  // Taps that are contiguous in memory form one run.
  const contiguous = g.groups === 1 && g.dilationWidth === 1;
  const [runsOfRow, runLength] = contiguous ? [1, g.kernelWidth * perGroup] : [g.kernelWidth, perGroup];
  const runs: number[] = [];
  for (let i = 0; i < g.kernelHeight; i++)
    for (let j = 0; j < runsOfRow; j++) runs.push(i * g.dilationHeight * row + j * g.dilationWidth * map.channels);
  return {
    input: map.pointer,
    images: g.images,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    inputImage: map.height * row,
    inputRow: g.strideHeight * row,
    inputColumn: g.strideWidth * map.channels,
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

/**
 * Computes activation(x * filter + bias): [n, h, w, c] to [n, outHeight, outWidth, outChannels].
 *
 * @param weights the filter, packed by `packFilter`
 */
export function convolve(
  engine: Engine,
  geometry: Geometry,
  x: Float32Array,
  weights: Pointer,
  bias: Float32Array | undefined,
  activation: Activation,
): Pointer {
  const g = merge(geometry, mergedByOutput(geometry));
  const windows = placeWindows(engine, g, x);
  const output = engine.alloc(floatsOf(outputShape(g)));
  const channels = g.outChannels / g.groups;
  convolveWindows(engine, {
    windows,
    weights,
    channels,
    output,
    outputImage: g.outHeight * g.outWidth * g.outChannels,
    outputRow: g.outWidth * g.outChannels,
    outputColumn: g.outChannels,
    bias: bias && putBias(engine, bias, g.groups),
    activation,
    planes: g.groups,
    planeSteps: {
      input: g.inChannels / g.groups,
      weights: panelFloats(filterPanels(g)),
      output: channels,
      bias: PANEL * panelsOf(channels),
    },
  });
  return output;
}

/**
 * Computes the gradient of the filter: x [n, h, w, c] and dy [n, outHeight, outWidth, o] to [kh, kw, c / groups, o].
 */
export function filterGradient(engine: Engine, geometry: Geometry, x: Float32Array, dy: Float32Array): Pointer {
  const count = mergedByOutput(geometry);
  const g = merge(geometry, count);
  const windows = placeWindows(engine, g, x);
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
