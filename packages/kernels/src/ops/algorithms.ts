import type { Engine, Pointer } from '../engine/index.js';
import { convolve, convolveMap, type Epilogue, filterGradient, packedFloats, packFilter } from './convolution.js';
import { type Geometry, inputPadding, type MapView, type Padding } from './geometry.js';
import { inputGradient, packedGradientFloats, packGradientFilter } from './input-gradient.js';
import type { Activation } from './product.js';
import {
  takesWinograd,
  takesWinogradInputGradient,
  transformFilter,
  winograd,
  winogradFilterFloats,
  winogradFilterGradient,
  winogradInputGradient,
  winogradMap,
  winogradPadding,
} from './winograd.js';
import {
  takesWinograd4x4,
  transformFilter4x4,
  winograd4x4,
  winograd4x4Floats,
  winograd4x4Padding,
} from './winograd-4x4.js';

/** Way to compute a convolution or the gradient of its input. */
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

/** Way to compute the gradient of the filter, which needs no packed weights. */
export type FilterGradient = typeof filterGradient;

/*
 * Least sizes at which Winograd's filtering is faster than the direct computation, as measured
 * (docs/decisions/0009-kernels.md): tiles of 2 x 2 outputs, and multiplications per transformed value, for which the
 * mean of the channels stands.
 */
const LEAST = {
  forward: { tiles: 16, channels: 24 },
  inputGradient: { tiles: 16, channels: 24 },
  filterGradient: { tiles: 48, channels: 16 },
} as const;

/**
 * Harmonic mean of the channels of input and output: each value is multiplied once for every channel of the other side.
 */
const meanChannels = ({ inChannels, outChannels }: Geometry): number =>
  (2 * inChannels * outChannels) / (inChannels + outChannels);

const tilesOf = (images: number, height: number, width: number): number =>
  images * Math.ceil(height / 2) * Math.ceil(width / 2);

const isWorthwhile = (g: Geometry, least: { tiles: number; channels: number }, tiles: number): boolean =>
  tiles >= least.tiles && meanChannels(g) >= least.channels;

/** Way to compute a convolution between two maps in memory. Its packed filter serves maps of any size. */
export interface MapConvolution {
  /** Number of floats of the packed filter. */
  floats(g: Geometry): number;
  /** Packs a filter [kh, kw, c / groups, o]. */
  pack(engine: Engine, g: Geometry, filter: Float32Array, into: Pointer): void;
  /** Zeros that the input needs around it in memory. */
  padding(g: Geometry): Padding;
  /** @param from the map, which begins with its padding. */
  run(engine: Engine, g: Geometry, from: MapView, weights: Pointer, to: MapView, epilogue: Epilogue): void;
}

const DIRECT: MapConvolution = { floats: packedFloats, pack: packFilter, padding: inputPadding, run: convolveMap };

const WINOGRAD: MapConvolution = {
  floats: winogradFilterFloats,
  pack: (engine, g, filter, into) => transformFilter(engine, g, filter, into, false),
  padding: winogradPadding,
  run: winogradMap,
};

const WINOGRAD_4X4: MapConvolution = {
  floats: winograd4x4Floats,
  pack: transformFilter4x4,
  padding: winograd4x4Padding,
  run: winograd4x4,
};

/** Least channels, most channels a tile, and most products compared with tiles of 2 x 2 outputs, as measured. */
const LARGE = { channels: 12, channelsPerTile: 16, products: 0.85 } as const;

/** Returns true if tiles of 4 x 4 outputs are the faster ones. They are used for maps only: training keeps its bits. */
function prefersWinograd4x4(g: Geometry): boolean {
  if (!takesWinograd4x4(g)) return false;
  const tiles = g.images * Math.ceil(g.outHeight / 4) * Math.ceil(g.outWidth / 4);
  const channels = meanChannels(g);
  return (
    channels >= LARGE.channels &&
    channels <= LARGE.channelsPerTile * tiles &&
    36 * tiles <= LARGE.products * 16 * tilesOf(g.images, g.outHeight, g.outWidth)
  );
}

const prefersWinograd = (g: Geometry): boolean =>
  takesWinograd(g) && isWorthwhile(g, LEAST.forward, tilesOf(g.images, g.outHeight, g.outWidth));

/** Returns the faster way for maps of a size. */
export function mapConvolution(g: Geometry): MapConvolution {
  if (prefersWinograd4x4(g)) return WINOGRAD_4X4;
  return prefersWinograd(g) ? WINOGRAD : DIRECT;
}

export function forwardAlgorithm(g: Geometry): Algorithm {
  if (prefersWinograd(g))
    return {
      layout: 'winograd',
      floats: winogradFilterFloats(g),
      pack: (engine, filter, into) => transformFilter(engine, g, filter, into, false),
      run: (engine, ...rest) => winograd(engine, g, ...rest),
    };
  return {
    layout: `direct ${g.groups}`,
    floats: packedFloats(g),
    pack: (engine, filter, into) => packFilter(engine, g, filter, into),
    run: (engine, ...rest) => convolve(engine, g, ...rest),
  };
}

export function inputGradientAlgorithm(g: Geometry): Algorithm {
  if (takesWinogradInputGradient(g) && isWorthwhile(g, LEAST.inputGradient, tilesOf(g.images, g.inHeight, g.inWidth)))
    return {
      layout: 'winograd, rotated',
      floats: winogradFilterFloats(g),
      pack: (engine, filter, into) => transformFilter(engine, g, filter, into, true),
      run: (engine, dy, weights) => winogradInputGradient(engine, g, dy, weights),
    };
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

export const filterGradientAlgorithm = (g: Geometry): FilterGradient =>
  takesWinograd(g) && isWorthwhile(g, LEAST.filterGradient, tilesOf(g.images, g.outHeight, g.outWidth))
    ? winogradFilterGradient
    : filterGradient;
