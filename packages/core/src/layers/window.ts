import { CnnzooError } from '../util/index.js';

/** A height, width or batch size; null where it is known only at run time. */
export type Extent = number | null;

export const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : [value?.[0], value?.[1]];

/** A window that moves along one axis. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  /** On both sides. */
  readonly padding: number;
  /** Whether a last window that sticks out behind the input counts too, if it begins before its end (PyTorch's rule). */
  readonly ceilMode?: boolean;
}

/** Refuses a window that is no whole number of pixels: it would give other shapes than the ones that were meant. */
export function checkWindow(layer: string, { kernel, stride, padding }: Window): void {
  if ([kernel, stride, padding + 1].every((value) => Number.isInteger(value) && value > 0)) return;
  throw new CnnzooError('INPUT', `Layer '${layer}': expected whole pixels, received ${[kernel, stride, padding]}.`);
}

/** How many places the window has in `size`. */
export function outputExtent(layer: string, size: Extent, { kernel, stride, padding, ceilMode }: Window): Extent {
  if (size === null) return null;
  const steps = (size + 2 * padding - kernel) / stride;
  let out = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (ceilMode && (out - 1) * stride >= size + padding) out--;
  if (out >= 1) return out;
  throw new CnnzooError(
    'SHAPE',
    `Layer '${layer}' has a window of ${kernel} pixels over an input of ${size} (padding ${padding}): nothing is left. ` +
      'Give the net a larger inputShape.',
  );
}

/** What lies behind the input under the last of `out` windows: the padding, or more where ceilMode makes it stick out. */
export const padAfter = (size: number, out: number, { kernel, stride, padding }: Window): number =>
  Math.max(padding, (out - 1) * stride + kernel - size - padding);
