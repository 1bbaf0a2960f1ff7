import { CnnzooError } from '../util/index.js';

/** A height, width or batch size; null if it is known only at run time. */
export type Extent = number | null;

/**
 * Returns rows and columns of a value that is for both, or of a pair. Any other value is returned twice, so that the
 * caller's check reports it.
 */
export const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  Array.isArray(value) && value.length === 2 ? [value[0], value[1]] : [value as number, value as number];

/** A window that moves along one axis. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  /** Pixels on both sides. */
  readonly padding: number;
  /** Distance between the pixels under the window. Default: 1, neighbours. */
  readonly dilation?: number;
  /** Counts a last window that sticks out after the input, if it begins before the input's end (PyTorch's rule). */
  readonly ceilMode?: boolean;
}

/** Pixels from the first to the last under a window, both counted: `d (k - 1) + 1`. */
export const spanOf = ({ kernel, dilation = 1 }: Pick<Window, 'kernel' | 'dilation'>): number =>
  dilation * (kernel - 1) + 1;

/** Number of places that the window has in `size`: `floor((size + 2p - d (k - 1) - 1) / s) + 1`, PyTorch's formula. */
export function outputExtent(layer: string, size: Extent, window: Window): Extent {
  if (size === null) return null;
  const { stride, padding, ceilMode } = window;
  const span = spanOf(window);
  const steps = (size + 2 * padding - span) / stride;
  let out = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceilMode && (out - 1) * stride >= size + padding) out--;
  if (out >= 1) return out;
  throw new CnnzooError(
    'SHAPE',
    `Layer '${layer}' has a window of ${span} pixels over an input of ${size} (padding ${padding}): nothing is left. ` +
      'Give the net a larger inputShape.',
  );
}

/** Padding after the input for `out` windows: `padding`, or more if ceilMode needs it. */
export const padAfter = (size: number, out: number, { kernel, stride, padding }: Window): number =>
  Math.max(padding, (out - 1) * stride + kernel - size - padding);

/**
 * Returns weights [out, size] of adaptive average pooling along an axis: row i holds the weight of each of `size` inputs in output i,
 * the mean over floor(i size / out) … ceil((i + 1) size / out).
 */
export const adaptiveShares = (size: number, out: number): Float32Array =>
  Float32Array.from({ length: out * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    const [start, end] = [Math.floor((i * size) / out), Math.ceil(((i + 1) * size) / out)];
    return j >= start && j < end ? 1 / (end - start) : 0;
  });
