import type { Engine, Pointer } from '../engine/index.js';
import { convolve, filterGradient, packedFloats, packFilter } from './convolution.js';
import type { Geometry } from './geometry.js';
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
} from './winograd.js';

/** How a convolution or its input's gradient is computed. */
export interface Algorithm {
  /** Names the layout of the packed filter: one name, one layout. */
  readonly layout: string;
  /** Floats of the packed filter. */
  readonly floats: number;
  /** Packs the filter [kh, kw, c / groups, o]. */
  pack(engine: Engine, filter: Float32Array, into: Pointer): void;
  /** From x (or dy) and the packed filter to y (or dx). */
  run(
    engine: Engine,
    values: Float32Array,
    weights: Pointer,
    bias: Float32Array | undefined,
    activation: Activation,
  ): Pointer;
}

/** Of the filter's gradient, which has no weights. */
export type FilterGradient = typeof filterGradient;

/*
 * Where Winograd's filtering takes less time than the direct one, as measured (docs/decisions/0009-kernels.md): from so
 * many tiles of 2 x 2 on, and from so many multiplications per transformed value on, which the channels of both sides
 * stand for.
 */
const LEAST = {
  forward: { tiles: 16, channels: 24 },
  inputGradient: { tiles: 16, channels: 24 },
  filterGradient: { tiles: 48, channels: 16 },
} as const;

/** Harmonic mean of the channels on both sides: each value is multiplied as often as the other side has channels. */
const meanChannels = ({ inChannels, outChannels }: Geometry): number =>
  (2 * inChannels * outChannels) / (inChannels + outChannels);

const tilesOf = (images: number, height: number, width: number): number =>
  images * Math.ceil(height / 2) * Math.ceil(width / 2);

const isWorthwhile = (g: Geometry, least: { tiles: number; channels: number }, tiles: number): boolean =>
  tiles >= least.tiles && meanChannels(g) >= least.channels;

export function forwardAlgorithm(g: Geometry): Algorithm {
  if (takesWinograd(g) && isWorthwhile(g, LEAST.forward, tilesOf(g.images, g.outHeight, g.outWidth)))
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
      layout: 'winograd, turned',
      floats: winogradFilterFloats(g),
      pack: (engine, filter, into) => transformFilter(engine, g, filter, into, true),
      run: (engine, dy, weights) => winogradInputGradient(engine, g, dy, weights),
    };
  const { groups, strideHeight, strideWidth, dilationHeight, dilationWidth, top, left, inHeight, inWidth } = g;
  // Everything that the phases, and so the order of the taps, depend on.
  const phases = [strideHeight, strideWidth, dilationHeight, dilationWidth, top, left].join(' ');
  return {
    layout: `turned ${groups} ${phases} ${Math.min(inHeight, strideHeight)} ${Math.min(inWidth, strideWidth)}`,
    floats: packedGradientFloats(g),
    pack: (engine, filter, into) => packGradientFilter(engine, g, filter, into),
    run: (engine, dy, weights) => inputGradient(engine, g, dy, weights),
  };
}

export const filterGradientAlgorithm = (g: Geometry): FilterGradient =>
  takesWinograd(g) && isWorthwhile(g, LEAST.filterGradient, tilesOf(g.images, g.outHeight, g.outWidth))
    ? winogradFilterGradient
    : filterGradient;
