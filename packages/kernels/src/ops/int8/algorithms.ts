import type { Engine, Pointer } from '../../engine/index.js';
import { type Geometry, inputPadding, type Padding, tilePadding } from '../geometry.js';
import { type Int8Convolution, int8Convolution, packedInt8Bytes, packInt8Filter } from './convolution.js';
import type { Dispatch } from './map.js';
import { int8Winograd, takesInt8Winograd, transformedInt8Bytes, transformInt8Filter } from './winograd.js';

/** Way to compute a quantized convolution. */
export interface Int8Algorithm {
  readonly name: 'direct' | 'winograd';
  /** Border of zeros around the input that the kernel reads. */
  readonly border: Padding;
  /** Number of bytes of the packed filter. */
  bytes(pixelStep: number): number;
  /** Packs a filter [kh, kw, c / groups, o] for inputs of this pixel step. */
  pack(engine: Engine, pixelStep: number, filter: Int8Array, into: Pointer): void;
  dispatch(threads: number, convolution: Int8Convolution): Dispatch;
}

/**
 * Least sizes at which Winograd's filtering is faster, as measured (docs/decisions/0048-integers.md): tiles of 2 x 2
 * outputs, and the harmonic mean of the channels of input and output.
 */
const LEAST = { tiles: 8, channels: 20 } as const;

const meanChannels = ({ inChannels, outChannels }: Geometry): number =>
  (2 * inChannels * outChannels) / (inChannels + outChannels);

const tilesOf = (g: Geometry): number => g.images * Math.ceil(g.outHeight / 2) * Math.ceil(g.outWidth / 2);

export const directInt8 = (g: Geometry): Int8Algorithm => ({
  name: 'direct',
  border: inputPadding(g),
  bytes: (pixelStep) => packedInt8Bytes(g, pixelStep),
  pack: (engine, pixelStep, filter, into) => packInt8Filter(engine, g, pixelStep, filter, into),
  dispatch: (threads, convolution) => int8Convolution(threads, g, convolution),
});

export const winogradInt8 = (g: Geometry): Int8Algorithm => ({
  name: 'winograd',
  border: tilePadding(g, 2),
  bytes: () => transformedInt8Bytes(g),
  pack: (engine, _, filter, into) => transformInt8Filter(engine, g, filter, into),
  dispatch: (threads, convolution) => int8Winograd(threads, g, convolution),
});

/** Returns the faster way to compute a quantized convolution. Both give the same bits. */
export const int8Algorithm = (g: Geometry): Int8Algorithm =>
  takesInt8Winograd(g) && meanChannels(g) >= LEAST.channels && tilesOf(g) >= LEAST.tiles
    ? winogradInt8(g)
    : directInt8(g);
