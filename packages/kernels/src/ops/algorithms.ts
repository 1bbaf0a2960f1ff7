import type { Engine, Pointer } from '../engine/index.js';
import { convolveMap, type Epilogue, filterGradient, packBias, packedFloats, packFilter } from './convolution.js';
import {
  denseView,
  floatsOf,
  type Geometry,
  inputPadding,
  inputShape,
  type MapView,
  outputShape,
  type Padding,
} from './geometry.js';
import { inputGradient, packedGradientFloats, packGradientFilter } from './input-gradient.js';
import { putPadded } from './padded.js';
import type { Activation } from './product.js';
import { takesWinograd, transformFilter, winograd, winogradFloats, winogradPadding } from './winograd.js';
import {
  takesWinograd4x4,
  transformFilter4x4,
  winograd4x4,
  winograd4x4Floats,
  winograd4x4Padding,
} from './winograd-4x4.js';
import {
  GRADIENT_3X3,
  GRADIENT_4X4,
  GRADIENT_5X5,
  type GradientScheme,
  winogradFilterGradient,
} from './winograd-filter-gradient.js';
import { tilesOf } from './winograd-tiles.js';

/** Way to compute a convolution between two maps in memory. Its packed filter serves maps of any size. */
export interface MapConvolution {
  /** Returns the name of the packed filter's layout; equal names mean equal layouts. */
  layout(g: Geometry): string;
  /** Number of floats of the packed filter. */
  floats(g: Geometry): number;
  /** Packs a filter [kh, kw, c / groups, o]. */
  pack(engine: Engine, g: Geometry, filter: Float32Array, into: Pointer): void;
  /** Zeros that the input needs around it in memory. */
  padding(g: Geometry): Padding;
  /** @param from the map, which begins with its padding. */
  run(engine: Engine, g: Geometry, from: MapView, weights: Pointer, to: MapView, epilogue: Epilogue): void;
}

export const DIRECT: MapConvolution = {
  layout: ({ groups }) => `direct ${groups}`,
  floats: packedFloats,
  pack: packFilter,
  padding: inputPadding,
  run: convolveMap,
};

/** Way that also computes the gradient of the input, as a convolution of dy with the rotated filter. */
export interface WinogradConvolution extends MapConvolution {
  /** Packs the filter [kh, kw, o, c] of the convolution whose input's gradient the geometry computes. */
  packRotated: MapConvolution['pack'];
}

export const WINOGRAD: WinogradConvolution = {
  layout: () => 'winograd',
  floats: winogradFloats,
  pack: (engine, g, filter, into) => transformFilter(engine, g, filter, into, false),
  packRotated: (engine, g, filter, into) => transformFilter(engine, g, filter, into, true),
  padding: winogradPadding,
  run: winograd,
};

export const WINOGRAD_4X4: WinogradConvolution = {
  layout: () => 'winograd 4x4',
  floats: winograd4x4Floats,
  pack: (engine, g, filter, into) => transformFilter4x4(engine, g, filter, into, false),
  packRotated: (engine, g, filter, into) => transformFilter4x4(engine, g, filter, into, true),
  padding: winograd4x4Padding,
  run: winograd4x4,
};

/*
 * Least sizes at which Winograd's filtering is faster than the direct computation, as measured
 * (docs/decisions/0009-kernels.md): tiles of 2 x 2 outputs, and multiplications per transformed value, for which the
 * mean of the channels stands.
 */
const LEAST = {
  convolution: { tiles: 16, channels: 24 },
  filterGradient: { tiles: 48, channels: 16 },
} as const;

/** Least channels, most products compared with tiles of 2 x 2 outputs, and most channels a tile of an image, as measured. */
const LARGE = { channels: 12, products: 0.85, channelsPerTile: 16 } as const;

/**
 * Harmonic mean of the channels of input and output: each value is multiplied once for every channel of the other side.
 */
const meanChannels = ({ inChannels, outChannels }: Geometry): number =>
  (2 * inChannels * outChannels) / (inChannels + outChannels);

const isWorthwhile = (g: Geometry, least: { tiles: number; channels: number }): boolean =>
  takesWinograd(g) && tilesOf(g, 2) >= least.tiles && meanChannels(g) >= least.channels;

/** The geometry of one image. An image's result may not depend on how many others are in its batch. */
const ofOne = (g: Geometry): Geometry => ({ ...g, images: 1 });

/** Returns true if tiles of 4 x 4 outputs are faster than any others, of whatever number of images. */
function prefersLargeTiles(g: Geometry): boolean {
  const [large, small] = [tilesOf(ofOne(g), 4), tilesOf(ofOne(g), 2)];
  const channels = meanChannels(g);
  return (
    g.kernelHeight === 3 &&
    channels >= LARGE.channels &&
    channels <= LARGE.channelsPerTile * large &&
    36 * large <= LARGE.products * 16 * small
  );
}

function winogradFor(g: Geometry): WinogradConvolution | undefined {
  if (takesWinograd4x4(g) && prefersLargeTiles(g)) return WINOGRAD_4X4;
  return isWorthwhile(g, LEAST.convolution) ? WINOGRAD : undefined;
}

/** Returns the fastest way for maps of a size, whatever the number of images. */
export const mapConvolution = (g: Geometry): MapConvolution => winogradFor(ofOne(g)) ?? DIRECT;

/** Way to compute a convolution or the gradient of its input, of values outside the kernels' memory. */
export interface Algorithm {
  /** Name of the packed filter's layout; equal names mean equal layouts. */
  readonly layout: string;
  /** Number of floats of the packed filter. */
  readonly floats: number;
  /** Packs a filter [kh, kw, c / groups, o]. */
  pack(engine: Engine, filter: Float32Array, into: Pointer): void;
  /** Computes y from x, or dx from dy, with the packed filter. */
  run(
    engine: Engine,
    values: Float32Array,
    weights: Pointer,
    bias: Float32Array | undefined,
    activation: Activation,
  ): Pointer;
}

/** Copies a map in with its padding, and computes the convolution into a new one. */
const throughMaps = (way: MapConvolution, g: Geometry): Pick<Algorithm, 'floats' | 'run'> => ({
  floats: way.floats(g),
  run(engine, values, weights, bias, activation) {
    const from = putPadded(engine, values, inputShape(g), way.padding(g));
    const output = engine.alloc(floatsOf(outputShape(g)));
    way.run(engine, g, from, weights, denseView(output, outputShape(g)), {
      bias: bias ? engine.put(packBias(g, bias)) : 0,
      activation,
      accumulate: false,
    });
    return output;
  },
});

/** Returns the convolution computed in a way. */
export const forwardBy = (way: MapConvolution, g: Geometry): Algorithm => ({
  layout: way.layout(g),
  pack: (engine, filter, into) => way.pack(engine, g, filter, into),
  ...throughMaps(way, g),
});

export const forwardAlgorithm = (g: Geometry): Algorithm => forwardBy(mapConvolution(g), g);

/**
 * Returns the convolution of the output's gradient with the rotated filter that gives the input's gradient; undefined if
 * there is none, because an output reads padding alone.
 */
export function rotatedGeometry(g: Geometry): Geometry | undefined {
  const [top, left] = [g.kernelHeight - 1 - g.top, g.kernelWidth - 1 - g.left];
  if (top < 0 || left < 0) return undefined;
  return {
    ...g,
    inHeight: g.outHeight,
    inWidth: g.outWidth,
    inChannels: g.outChannels,
    outHeight: g.inHeight,
    outWidth: g.inWidth,
    outChannels: g.inChannels,
    top,
    left,
  };
}

export function directInputGradient(g: Geometry): Algorithm {
  const { groups, strideHeight, strideWidth, dilationHeight, dilationWidth, top, left, inHeight, inWidth } = g;
  // The phases, and with them the order of the taps, depend on these numbers alone.
  const phases = [strideHeight, strideWidth, dilationHeight, dilationWidth, top, left].join(' ');
  return {
    layout: `rotated ${groups} ${phases} ${Math.min(inHeight, strideHeight)} ${Math.min(inWidth, strideWidth)}`,
    floats: packedGradientFloats(g),
    pack: (engine, filter, into) => packGradientFilter(engine, g, filter, into),
    run: (engine, dy, weights) => inputGradient(engine, g, dy, weights),
  };
}

/** Returns the gradient of an input computed as a convolution with the geometry of `rotatedGeometry`. */
export const inputGradientBy = (way: WinogradConvolution, rotated: Geometry): Algorithm => ({
  layout: `${way.layout(rotated)}, rotated`,
  pack: (engine, filter, into) => way.packRotated(engine, rotated, filter, into),
  ...throughMaps(way, rotated),
});

export function inputGradientAlgorithm(g: Geometry): Algorithm {
  const rotated = rotatedGeometry(g);
  const way = rotated && winogradFor(rotated);
  return way ? inputGradientBy(way, rotated) : directInputGradient(g);
}

/** Way to compute the gradient of the filter, which needs no packed weights. */
export type FilterGradient = typeof filterGradient;

const byWinograd =
  (scheme: GradientScheme): FilterGradient =>
  (engine, g, x, dy) =>
    winogradFilterGradient(engine, scheme, g, x, dy);

export function filterGradientAlgorithm(g: Geometry): FilterGradient {
  if (!isWorthwhile(g, LEAST.filterGradient)) return filterGradient;
  if (g.kernelHeight === 5) return byWinograd(GRADIENT_5X5);
  return byWinograd(prefersLargeTiles(g) ? GRADIENT_4X4 : GRADIENT_3X3);
}
